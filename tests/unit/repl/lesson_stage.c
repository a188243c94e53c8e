/* The stage of a step, and the runs that it takes the place of. */
#include "lesson_room.h"

#include "repl/state.h"
#include "train/travel.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(lesson_stage, .init = lessons_begin, .fini = rooms_end);

static float loss_of(const Room *room, const char *name)
{
    Snapshot snapshot = {0};
    float loss;

    session_snapshot_run(room->session, session_run_named(room->session, name), &snapshot);
    loss = (float)snapshot.loss.value;
    snapshot_release(&snapshot);
    return loss;
}

Test(lesson_stage, play_keeps_all_runs_and_brings_them_back)
{
    Room room = open_lesson();
    float loss;

    type(&room, "fork b lr=0.1");
    type(&room, "fork c");
    type(&room, "use b");
    type(&room, "train 2");
    loss = loss_of(&room, "b");
    type(&room, "play");
    type(&room, "drop c");
    type(&room, "net 2 3 2");
    type(&room, "pace 30");
    type(&room, "train 12");
    cr_expect_not(room.repl->teacher->passed);
    type(&room, "next");
    cr_expect_eq(session_settings(room.session)->pace, 30, "what one watches at stays");
    cr_expect_eq(session_run_count(room.session), 3);
    cr_expect_eq(session_run_named(room.session, "b"), session_run_current(room.session));
    cr_expect_eq(step_of(room.session), 2);
    cr_expect_eq(loss_of(&room, "b"), loss);
    cr_expect_eq(session_first_difference(room.session, 0, 1), 2);
    type(&room, "train 8");
    cr_expect(room.repl->teacher->passed);
    room_close(&room);
}

Test(lesson_stage, a_training_that_play_ends_still_counts_for_the_step)
{
    Room room = open_lesson();

    type(&room, "pace 200");
    type(&room, "run");
    while (step_of(room.session) < 10)
        continue;
    type(&room, "play");
    type(&room, "next");
    cr_expect_eq(room.repl->past.run_count, 1);
    room_close(&room);
}

static void expect_breaks(const Room *room, const char *wanted)
{
    Text list = {0};

    session_break_list(room->session, &list);
    cr_expect_str_eq(text_chars(&list), wanted);
    text_release(&list);
}

Test(lesson_stage, conditions_that_stop_a_training_do_not_reach_into_a_step)
{
    Room room = room_open();

    type(&room, "train 3; fork b");
    type(&room, "break when step >= 5");
    type(&room, "b: break when step >= 8");
    write_lesson(10);
    type(&room, "lesson tiny.lesson");
    expect_breaks(&room, "");
    type(&room, "break when step >= 7");
    type(&room, "play");
    type(&room, "break when step >= 9");
    type(&room, "next");
    expect_breaks(&room, "1\ta\tstep >= 7\n");
    type(&room, "restart");
    expect_breaks(&room, "");
    type(&room, "train 10");
    cr_expect(room.repl->teacher->passed);
    type(&room, "lesson off");
    expect_breaks(&room, "1\ta\tstep >= 5\n2\tb\tstep >= 8\n");
    cr_expect_eq(session_run_count(room.session), 2);
    cr_expect_eq(step_of(room.session), 3);
    room_close(&room);
}

Test(lesson_stage, undo_brings_no_run_of_elsewhere_onto_the_stage)
{
    Room room = room_open();

    write_lesson(10);
    type(&room, "train 12");
    type(&room, "lesson tiny.lesson");
    refuse(&room, "undo");
    type(&room, "play");
    type(&room, "net 2 3 2; train 12");
    type(&room, "undo");
    type(&room, "next");
    refuse(&room, "undo");
    type(&room, "train 2; net 2 4 2 2; undo");
    cr_expect_eq(step_of(room.session), 2, "what is replaced in the step comes back");
    cr_expect_not(room.repl->teacher->passed);
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 12);
    room_close(&room);
}

/* What happened in the lesson is none of it. */
Test(lesson_stage, a_script_of_the_session_is_one_of_the_own_runs)
{
    Room room = room_open(), again;

    type(&room, "data moons; net 2 6 2; train 3; fork b lr=0.1; train 2");
    type(&room, "b: break when step >= 8");
    write_lesson(10);
    type(&room, "lesson tiny.lesson");
    type(&room, "break when step >= 4");
    type(&room, "play");
    type(&room, "net 2 3 2; train 3");
    type(&room, "next");
    type(&room, "train 2");
    type(&room, "lesson off");
    type(&room, "train 2");
    type(&room, "export script own.halfstep");
    type(&room, "save a.safetensors; b: save b.safetensors");
    again = room_open();
    type(&again, "source own.halfstep");
    type(&again, "save a2.safetensors; b: save b2.safetensors");
    expect_same("a.safetensors", "a2.safetensors");
    expect_same("b.safetensors", "b2.safetensors");
    expect_breaks(&again, "1\tb\tstep >= 8\n");
    room_close(&again);
    room_close(&room);
}

Test(lesson_stage, a_script_made_in_a_step_leaves_out_what_was_played)
{
    Room room = open_lesson(), again;

    type(&room, "break when step >= 8");
    type(&room, "train 2");
    type(&room, "play");
    type(&room, "net 2 3 2; train 3; break when loss < 0");
    type(&room, "next");
    type(&room, "train 2");
    type(&room, "export script step.halfstep; save a.safetensors");
    again = room_open();
    type(&again, "source step.halfstep; save b.safetensors");
    expect_same("a.safetensors", "b.safetensors");
    expect_breaks(&again, "1\ta\tstep >= 8\n");
    room_close(&again);
    room_close(&room);
}

/* Taken phase by phase: the learner's own keeps the lesson out, one of the lesson goes with its stage. */
Test(lesson_stage, a_step_under_way_neither_loses_the_own_run_nor_keeps_anybody_in)
{
    Room room = room_open();

    write_lesson(10);
    type(&room, "train 3");
    type(&room, "step --phases");
    refuse(&room, "lesson tiny.lesson");
    refuse(&room, "lesson check tiny.lesson");
    type(&room, "phase drop");
    type(&room, "lesson tiny.lesson");
    type(&room, "play");
    type(&room, "step --phases");
    type(&room, "next");
    type(&room, "step --phases");
    type(&room, "restart");
    type(&room, "step --phases");
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 3);
    room_close(&room);
}

Test(lesson_stage, a_setup_that_fails_says_its_line_and_the_step_can_be_left)
{
    Room room = room_open();
    Teacher *teacher;
    Status status;

    type(&room, "train 2");
    write_setup("bogus 3");
    type(&room, "lesson staged.lesson");
    teacher = room.repl->teacher;
    status = teacher_next(room.repl);
    cr_expect_str_eq(status.text, "this step cannot begin: @setup, line 14: there is no command "
                                  "'bogus'; `help` lists them");
    refuse(&room, "restart");
    cr_expect_eq(teacher->at, 1);
    type(&room, "next"); /* stays, and says why */
    type(&room, "back");
    cr_expect_eq(teacher->at, 0);
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 2);
    room_close(&room);
}

/* It would free the lesson that it is read from. */
Test(lesson_stage, a_setup_cannot_steer_the_lesson)
{
    static const char *const lines[] = {"lesson off", "lesson next", "lesson restart",
                                        "lesson staged.lesson", "lua command(\"lesson off\")"};
    Room room = room_open();

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        write_setup(lines[i]);
        type(&room, "lesson forget staged.lesson");
        type(&room, "lesson staged.lesson");
        refuse(&room, "next");
        refuse(&room, "restart");
        cr_expect_eq(room.repl->teacher->at, 1, "%s", lines[i]);
        type(&room, "lesson off");
    }
    room_close(&room);
}

Test(lesson_stage, a_setup_writes_no_file_of_the_learner)
{
    Room room = room_open();

    write_setup("save theirs.safetensors");
    type(&room, "lesson staged.lesson");
    refuse(&room, "next");
    cr_expect_neq(access("theirs.safetensors", F_OK), 0);
    type(&room, "save theirs.safetensors");
    cr_expect_eq(access("theirs.safetensors", F_OK), 0);
    room_close(&room);
}

Test(lesson_stage, a_setup_does_not_end_the_program)
{
    Room room = room_open();

    write_setup("quit");
    type(&room, "lesson staged.lesson");
    refuse(&room, "next");
    cr_expect_not(execute_finished(room.repl));
    room_close(&room);
}

Test(lesson_stage, another_lesson_begins_at_a_step_that_it_has)
{
    Room room = room_open();

    write_setup("train 1");
    type(&room, "lesson staged.lesson");
    type(&room, "next");
    put("one.lesson", "@lesson one\n@version 1\n@lang en\n@title t\n@goal g\n"
                      "@step act do\n@setup\nbogus\n@task\nT.\n@check\n"
                      "x  step > 1 -- m\n@solution\ntrain 3\n");
    refuse(&room, "lesson one.lesson");
    cr_expect_eq(room.repl->teacher->at, 0);
    type(&room, "next");
    type(&room, "lesson");
    room_close(&room);
}

Test(lesson_stage, a_card_is_not_shown_over_a_lesson_but_a_lesson_may_follow_a_card)
{
    Room room = open_lesson();

    put("card.lesson", "@lesson card\n@version 1\n@lang en\n@title t\n@goal g\n"
                       "@step a read\n@text\nT.\n@demo 1min\n@say S.\ntrain 2\ntrain 3\n");
    refuse(&room, "lesson present card.lesson");
    type(&room, "lesson off");
    type(&room, "train 4");
    type(&room, "lesson present card.lesson");
    type(&room, "train 2");
    type(&room, "lesson tiny.lesson");
    cr_expect_eq(step_of(room.session), 0);
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 6);
    room_close(&room);
}

Test(lesson_stage, a_file_that_changes_while_somebody_plays_waits)
{
    Room room = open_lesson();

    type(&room, "play");
    write_lesson(3);
    type(&room, "train 5");
    cr_expect(room.repl->teacher->playing);
    type(&room, "next");
    cr_expect_not(room.repl->teacher->playing);
    type(&room, "train 4");
    cr_expect(room.repl->teacher->passed);
    room_close(&room);
}

Test(lesson_stage, a_file_whose_setup_breaks_while_it_runs_leaves_a_step_that_can_be_left)
{
    Room room = room_open();

    write_setup("train 1");
    type(&room, "lesson staged.lesson");
    type(&room, "next");
    write_setup("bogus");
    type(&room, "print step");
    cr_expect_eq(room.repl->teacher->at, 1);
    type(&room, "back");
    cr_expect_eq(room.repl->teacher->at, 0);
    write_setup("train 2");
    type(&room, "print step");
    type(&room, "next");
    cr_expect_eq(step_of(room.session), 2);
    room_close(&room);
}

Test(lesson_stage, a_run_that_a_lesson_did_not_bring_back_is_told_of_the_next_time)
{
    Room room = room_open(), later;
    char *said;

    put("course.idx", "L1 tiny\n");
    setenv("HALFSTEP_LESSONS", ".", 1);
    write_lesson(10);
    type(&room, "train 3");
    type(&room, "lesson tiny.lesson");
    room_close(&room); /* the program ends */
    later = room_open();
    cr_assert_not_null(freopen("said.txt", "w", stdout));
    type(&later, "train 2");
    type(&later, "lesson tiny.lesson"); /* whose own run is another */
    fflush(stdout);
    said = text_of("said.txt");
    cr_expect_not_null(
        strstr(said, "halfstep/" TEACHER_LEFT_FILE "` brings back the run before it"));
    free(said);
    type(&later, "lesson off");
    cr_expect_eq(step_of(later.session), 2);
    type(&later, "load state/halfstep/" TEACHER_LEFT_FILE);
    cr_expect_eq(step_of(later.session), 3);
    room_close(&later);
}
