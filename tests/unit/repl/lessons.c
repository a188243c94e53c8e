/* Lessons as somebody at the prompt has them. */
#include "lesson_room.h"

#include "repl/state.h"

#include <criterion/criterion.h>

TestSuite(lessons, .init = lessons_begin, .fini = rooms_end);

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

Test(lessons, a_file_that_changes_is_read_again)
{
    Room room = open_lesson();

    write_lesson(3);
    type(&room, "print step");
    type(&room, "train 4");
    cr_expect(room.repl->teacher->passed);
    put("tiny.lesson", "@nonsense\n");
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
