/* Lessons as somebody at the prompt has them. */
#include "room.h"

#include "base/file.h"
#include "repl/state.h"
#include "repl/teacher.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is recorded goes into the test's own folder, too. */
static void begin(void)
{
    char here[512], state[560];

    rooms_begin();
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(state, sizeof state, "%s/state", here);
    setenv("XDG_STATE_HOME", state, 1);
}

TestSuite(lessons, .init = begin, .fini = rooms_end);

/* One step to do, which a training of so many steps passes. */
static void write_lesson(int steps)
{
    Text text = {0};

    text_printf(&text,
                "@lesson tiny\n@version 1\n@lang en\n@title t\n@goal g\n"
                "@step act do\n@setup\ndata moons\nnet 2 4 2\n@task\nTrain.\n@check\n"
                "long  most(runs, function(r) return r.step end) >= %d  -- longer\n"
                "@hint\nh\n@solution\ntrain %d\n"
                "@step end read\n@text\nThe end.\n",
                steps, steps);
    cr_assert(!failed(file_write("tiny.lesson", text_chars(&text), text.length)));
    text_release(&text);
}

static Room open_lesson(void)
{
    Room room = room_open();

    write_lesson(10);
    type(&room, "lesson tiny.lesson");
    return room;
}

Test(lessons, a_step_is_passed_by_what_happened_and_not_before)
{
    Room room = open_lesson();

    cr_expect_not(room.repl->teacher->passed);
    type(&room, "train 4");
    cr_expect_not(room.repl->teacher->passed);
    cr_expect_eq(room.repl->teacher->attempts, 1);
    type(&room, "next");
    cr_expect_eq(room.repl->teacher->at, 0);
    type(&room, "train 6");
    cr_expect(room.repl->teacher->passed);
    type(&room, "next");
    cr_expect_eq(room.repl->teacher->at, 1);
    room_close(&room);
}

Test(lessons, what_is_done_in_play_does_not_count_and_is_gone_afterwards)
{
    Room room = open_lesson();

    type(&room, "train 4");
    type(&room, "play");
    type(&room, "train 50");
    cr_expect_not(room.repl->teacher->passed);
    refuse(&room, "play");
    type(&room, "next");
    cr_expect_not(room.repl->teacher->passed);
    cr_expect_eq(step_of(room.session), 4);
    cr_expect_eq(room.repl->teacher->attempts, 1);
    room_close(&room);
}

Test(lessons, with_runs_side_by_side_there_is_no_play)
{
    Room room = open_lesson();

    type(&room, "fork b");
    refuse(&room, "play");
    type(&room, "restart");
    cr_expect_eq(session_run_count(room.session), 1);
    room_close(&room);
}

Test(lessons, a_file_that_changes_is_read_again)
{
    Room room = open_lesson();

    write_lesson(3);
    type(&room, "print step");
    type(&room, "train 4");
    cr_expect(room.repl->teacher->passed);
    cr_assert(!failed(file_write("tiny.lesson", "@nonsense\n", 10)));
    type(&room, "print step");
    cr_expect_eq(room.repl->teacher->lesson->step_count, 2, "it goes on as it was");
    room_close(&room);
}

Test(lessons, words_of_a_lesson_mean_nothing_without_one)
{
    Room room = open_lesson();

    type(&room, "hint");
    type(&room, "lesson off");
    refuse(&room, "hint");
    refuse(&room, "lesson next");
    room_close(&room);
}

Test(lessons, the_learners_own_run_comes_back)
{
    Room room = room_open();

    type(&room, "train 7");
    write_lesson(10);
    type(&room, "lesson tiny.lesson");
    cr_expect_eq(step_of(room.session), 0);
    type(&room, "train 2");
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 7);
    refuse(&room, "lesson check tiny.lesson"); /* no @wrong, no @also */
    cr_expect_eq(step_of(room.session), 7);
    room_close(&room);
}
