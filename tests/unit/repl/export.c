/* A session that is exported as a script and sourced again comes to the same bits. */
#include "room.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/export.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(script, .init = rooms_begin, .fini = rooms_end);

Test(script, all_runs_take_a_change_at_the_same_step_while_they_train)
{
    Room room = room_open();
    char *script;
    int told = 0;

    type(&room, "fork b autocast=bf16; fork c; run");
    for (int i = 0; i < 20; i++)
        type(&room, i % 2 == 0 ? "all: lr 2e-3" : "all: lr 1e-3");
    type(&room, "pause; export script s");
    script = text_of("s");
    for (const char *at = script; (at = strstr(at, "\na: optim ")) != NULL; at++, told++) {
        long long steps[3] = {0};
        const char *line = at;

        for (int run = 0; run < 3; run++) {
            line = strstr(line, "# after step ");
            cr_assert_not_null(line);
            line += strlen("# after step ");
            steps[run] = strtoll(line, NULL, 10);
        }
        cr_expect(steps[0] > 0 && steps[1] == steps[0] && steps[2] == steps[0],
                  "steps %lld, %lld, %lld", steps[0], steps[1], steps[2]);
    }
    cr_expect_eq(told, 20);
    free(script);
    room_close(&room);
}

/* From the first training on: a script that was sourced begins with what the session began with. */
static void expect_same_script(const char *path, const char *other)
{
    char *text = text_of(path), *other_text = text_of(other);

    cr_assert(strstr(text, "\ntrain") != NULL && strstr(other_text, "\ntrain") != NULL);
    cr_expect_str_eq(strstr(text, "\ntrain"), strstr(other_text, "\ntrain"));
    free(text);
    free(other_text);
}

/* All weights and optimizer state are the same, and so are losses, norms and counts of the next steps. */
static void replay_and_compare(Room *room)
{
    Room again = room_open();

    session_pause(room->session);
    type(room, "export script a.halfstep; export pytorch a.py; export trace a.csv; train 20; "
               "export trace off");
    type(&again, "source a.halfstep; export script b.halfstep; export pytorch b.py");
    type(&again, "export trace b.csv; train 20; export trace off");
    room_close(&again);
    expect_same_script("a.halfstep", "b.halfstep");
    expect_same("a.safetensors", "b.safetensors");
    expect_same("a.py", "b.py");
    expect_same("a.csv", "b.csv");
    expect_same("a.tensors.csv", "b.tensors.csv");
}

/* Lets a training go on for some steps before the next change. */
static void let_run(Room *room)
{
    int64_t from = step_of(room->session);

    while (step_of(room->session) < from + 10)
        usleep(1000);
}

Test(script, every_kind_of_change_is_repeated)
{
    Room room = room_open();

    type(&room, "data moons limit=50; batch 20; seed 7; train 13");
    type(&room, "autocast bf16; scale off; train 5; autocast fp16; scale static 2^12; train 5");
    type(&room, "scale dynamic 3 growth=1.1 backoff=0.3 interval=4; train 9; scale interval=3");
    type(&room, "train 7");
    replay_and_compare(&room);
    type(&room, "scale 0.1; train 3; scale dynamic 3 growth=1.1 backoff=0.3 interval=3");
    type(&room, "train 2; optim momentum lr=0.03 momentum=0.8; train 4; lr 0.01; train 1");
    replay_and_compare(&room);
    type(&room, "loss weight=0.3; probe off; pace 20; train 6; probe on; step; reset; train 2");
    type(&room, "net \"flatten, linear 5, gelu, linear 2\"; train 3; undo; train until step >= 11");
    replay_and_compare(&room);
    room_close(&room);
}

Test(script, what_was_changed_while_a_training_ran_stands_at_its_step)
{
    Room room = room_open();
    char *text;

    type(&room, "run");
    let_run(&room);
    type(&room, "autocast bf16");
    let_run(&room);
    type(&room, "scale 8; lr 0.02");
    let_run(&room);
    type(&room, "scale dynamic 2^40; batch 30");
    let_run(&room);
    replay_and_compare(&room);
    text = text_of("a.halfstep");
    cr_expect_not_null(strstr(text, "\nautocast bf16 # after step "));
    cr_expect_not_null(strstr(text, "\nscale 8 # after step "));
    free(text);
    room_close(&room);
}

Test(script, a_run_that_was_replaced_while_it_trained_comes_back_as_it_was)
{
    Room room = room_open();

    type(&room, "run");
    let_run(&room);
    type(&room, "seed 9; run");
    let_run(&room);
    type(&room, "undo; run");
    let_run(&room);
    session_interrupt(room.session);
    while (!session_wait(room.session, 1.0))
        ;
    replay_and_compare(&room);
    room_close(&room);
}

Test(script, several_runs_are_repeated_each_with_its_own_settings)
{
    Room room = room_open();

    type(&room, "batch 20; train 3; fork b autocast=bf16 scale=off; train 4; b: lr 0.01");
    type(&room, "all: optim sgd; fork c scale=2^120 optim=\"momentum lr=0.1\"; train 2; use b");
    replay_and_compare(&room);
    type(&room, "scale static 2; c: scale dynamic 2^30 interval=2; batch 10; train 5");
    type(&room, "c: fork d; d: scale dynamic 2^30 interval=2; train 4; drop c; use d");
    replay_and_compare(&room);
    type(&room, "a: reset; train 3; b: net 2 8 2 act=tanh; train 2; undo; train 1; drop a; drop b");
    replay_and_compare(&room);
    room_close(&room);
}

Test(script, runs_that_came_while_a_training_ran_stand_at_their_step)
{
    Room room = room_open();

    type(&room, "run");
    let_run(&room);
    type(&room, "fork b autocast=bf16 scale=off");
    let_run(&room);
    type(&room, "b: scale static 4; use b");
    let_run(&room);
    type(&room, "fork c lr=0.1; drop a");
    let_run(&room);
    replay_and_compare(&room);
    room_close(&room);
}

Test(script, stops_journeys_and_injections_are_repeated)
{
    Room room = room_open();
    char *text;

    type(&room, "batch 20; scale dynamic 2^40 interval=4; break when skipped > 3; train 30");
    type(&room, "train 9; mark m"); /* it stopped at the fourth step, and does again */
    type(&room,
         "break when nonfinite('fc2.weight.grad') > 0; train 9; break; inject nan fc1.out 3");
    type(&room, "train 7; lr 0.05; train 8; rewind 5; rewind to m; rewind forward; rewind 3; step");
    replay_and_compare(&room);
    type(&room, "rewind to m; train 6; fork b autocast=bf16 scale=off; b: inject inf fc1.weight 2");
    type(&room, "train 3; all: inject tiny fc2.bias; b: break when scale == 1 and step >= 12");
    type(&room, "train 20; rewind 3; use b");
    replay_and_compare(&room);
    type(&room, "break clear 2; rewind to 3; break clear; train 2");
    replay_and_compare(&room);
    text = text_of("a.halfstep");
    cr_expect_not_null(strstr(text, "\nrewind to m #"));
    room_close(&room);
    free(text);
}

Test(script, stops_that_are_armed_elsewhere_do_not_stop_it)
{
    Room room = room_open();

    type(&room, "train 12; export script a.halfstep; export trace a.csv; step 5; export trace off");
    type(&room, "break when step > 7; train 3; source a.halfstep");
    type(&room, "export trace b.csv; step 5; export trace off");
    expect_same("a.csv", "b.csv");
    room_close(&room);
}

Test(script, can_be_sourced_where_something_else_stands)
{
    Room room = room_open();

    type(&room, "train 12; export script a.halfstep; export trace a.csv; step 5; export trace off");
    type(&room, "data moons; net 2 4 2; scale off; train 3; source a.halfstep");
    type(&room, "export trace b.csv; step 5; export trace off");
    expect_same("a.csv", "b.csv");
    room_close(&room);
}

Test(script, steps_of_one_setting_are_one_line)
{
    Room room = room_open();
    char *text;

    type(&room, "train 3; step; lr 0.001; step 2; batch 20; train until step >= 9");
    type(&room, "export script a.halfstep");
    text = text_of("a.halfstep");
    cr_expect_not_null(strstr(text, "\nreset\ntrain 6\nbatch 20 # after step 6\ntrain 3\n"), "%s",
                       text);
    free(text);
    room_close(&room);
}

static void write_table(const char *name, const char *rows)
{
    Status status = file_write(name, rows, strlen(rows));

    cr_assert(!failed(status), "%s", status.text);
}

Test(script, names_of_files_are_quoted)
{
    Room room = room_open();

    write_table("a; b # c.csv", "1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,9,1\n");
    type(&room, "data \"csv:a; b # c.csv\"; batch 2; train 4");
    replay_and_compare(&room);
    room_close(&room);
}

static void expect_refused(Room *room, const char *word)
{
    Status status = session_export_script(room->session, "a.halfstep");

    cr_expect_not_null(strstr(status.text, word), "%s", status.text);
    cr_expect_not(file_exists("a.halfstep"));
}

Test(script, is_refused_where_a_data_file_has_changed)
{
    Room room = room_open();

    write_table("t.csv", "1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,9,1\n");
    type(&room, "data csv:t.csv; batch 2; train 4");
    usleep(20000); /* a file's time may be coarse */
    write_table("t.csv", "1,3,0\n3,4,1\n5,6,0\n7,8,1\n9,9,1\n");
    expect_refused(&room, "t.csv has changed");
    type(&room, "data csv:t.csv; reset; reset; train 1"); /* no run of the old file is left */
    expect_refused(&room, "t.csv has changed");
    room_close(&room);
}

Test(script, goes_on_from_a_run_that_was_loaded)
{
    Room room = room_open();

    type(&room, "seed 3; train 6; save \"my run\"; seed 4; train 2; load \"my run\"; train 3");
    replay_and_compare(&room);
    type(&room, "undo; train 1; undo; reset; train 2; lr 0.1; train 2");
    replay_and_compare(&room);
    room_close(&room);
}

Test(script, is_refused_where_a_file_that_was_loaded_has_changed)
{
    Room room = room_open();

    type(&room, "train 3; save run; train 3; load run; train 1");
    usleep(20000);
    type(&room, "save run");
    expect_refused(&room, "run has changed");
    room_close(&room);
}

Test(script, is_refused_where_a_name_cannot_be_typed)
{
    Room room = room_open();

    write_table("it's \"x\".csv", "1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,9,1\n");
    type(&room, "data csv:\"it's \"'\"x\".csv'; batch 2; train 4");
    expect_refused(&room, "typed");
    room_close(&room);
}

Test(script, is_refused_where_more_was_changed_than_is_kept)
{
    Room room = room_open();

    type(&room,
         "lua for k = 1, 20000 do "
         "command(\"scale growth=1.000000000001 backoff=0.300000000001 interval=\" .. k) end");
    expect_refused(&room, "1024 KiB");
    room_close(&room);
}

Test(script, is_refused_behind_an_undo_that_commands_would_not_do)
{
    Room room = room_open();
    Settings wanted = *session_settings(room.session);
    int64_t step;

    wanted.seed = 5;
    cr_assert_not(failed(net_parse("2 6 2", "relu", &wanted.net)));
    cr_assert_not(failed(session_apply(room.session, &wanted, &step)));
    type(&room, "train 2; export script b.halfstep; undo");
    expect_refused(&room, "undo");
    room_close(&room);
}
