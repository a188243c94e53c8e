/* Whoever goes back and does the same again comes to the same bits; whoever does not, does not. */
#include "room.h"

#include "base/memory.h"
#include "train/worker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(travel, .init = rooms_begin, .fini = rooms_end);

/* Skips, growths, other formats, rates and scales: 500 steps, each in a row of the trace. */
static const char *const five_hundred =
    "train 60; lr 0.02; train 90; autocast bf16; train 20; master off; round stochastic; train 30; "
    "master on; round nearest; train 20; autocast fp16; scale 2^38; train 80; "
    "scale growth=3 interval=7; train 60; optim momentum lr=0.05; train 40; scale dynamic 2^30 "
    "interval=9; optim adamw lr=0.003; probe weight-grads; train 70; inject inf fc2.weight.grad; "
    "train 30; probe updates";

static void traced(Room *room, const char *path, const char *line)
{
    char text[128];

    snprintf(text, sizeof text, "export trace %s", path);
    type(room, text);
    type(room, line);
    type(room, "export trace off");
}

static Snapshot taken(Room *room)
{
    Snapshot snapshot = {0};

    session_snapshot(room->session, &snapshot);
    return snapshot;
}

static void expect_same_tensors(const Snapshot *a, const Snapshot *b)
{
    cr_assert_eq(a->tensor_count, b->tensor_count);
    cr_assert(a->tensors != NULL && b->tensors != NULL);
    for (int i = 0; i < a->tensor_count; i++) {
        const TensorFacts *left = &a->tensors[i], *right = &b->tensors[i];

        cr_expect_str_eq(left->name, right->name);
        cr_expect_eq(left->probed, right->probed, "%s", left->name);
        cr_expect_eq(memcmp(&left->counts, &right->counts, sizeof left->counts), 0, "%s",
                     left->name);
    }
}

static void expect_same_log(const EventLog *a, const EventLog *b)
{
    char left[200], right[200];

    cr_assert_eq(a->total, b->total);
    for (int i = 0; i < events_held(a); i++)
        cr_expect_str_eq(event_line(events_get(a, i), left, sizeof left),
                         event_line(events_get(b, i), right, sizeof right));
}

/* All that panels and metrics are made of, but for the pace. */
static void expect_same_facts(const Snapshot *a, const Snapshot *b)
{
    cr_expect_eq(a->step, b->step);
    cr_expect_eq(a->skipped, b->skipped);
    cr_expect_eq(a->scaler.scale, b->scaler.scale);
    cr_expect_eq(a->scaler.tracker, b->scaler.tracker);
    cr_expect_eq(a->scaler.backoffs, b->scaler.backoffs);
    cr_expect_eq(a->scaler.growths, b->scaler.growths);
    cr_expect_eq(a->scaler.interval, b->scaler.interval);
    cr_expect_eq(memcmp(&a->grad_norm, &b->grad_norm, sizeof a->grad_norm), 0);
    cr_expect_eq(a->batch_loss.value, b->batch_loss.value);
    cr_expect_eq(a->loss.value, b->loss.value);
    cr_expect_eq(a->lr, b->lr);
    cr_expect_eq(a->accuracy.none, b->accuracy.none);
    cr_expect_eq(a->accuracy.value, b->accuracy.value);
    cr_expect_eq(a->last_skip.step, b->last_skip.step);
    cr_expect_str_eq(a->last_skip.tensor, b->last_skip.tensor);
    cr_expect_eq(memcmp(&a->history, &b->history, sizeof a->history), 0);
    cr_expect(a->heat.newest <= a->step && b->heat.newest <= b->step);
    expect_same_log(&a->events, &b->events);
    expect_same_tensors(a, b);
}

static Status keep_job(Session *session, void *unused)
{
    (void)unused;
    return timeline_keep(session);
}

/* As a training of some seconds does by itself. */
static void keep(const Room *room)
{
    cr_assert_not(failed(worker_ask(room->session, keep_job, NULL)));
}

Test(travel, five_hundred_steps_back_and_the_same_again_are_the_same_to_the_bit)
{
    Room room = room_open();
    Snapshot first, second;

    type(&room, "data moons limit=50; batch 20; scale dynamic 2^34 interval=11; train 290");
    keep(&room);
    type(&room, "train 10");
    traced(&room, "a.csv", five_hundred);
    type(&room, "export pytorch a.py");
    first = taken(&room);
    cr_expect(first.skipped > 5);
    type(&room, "rewind 500");
    cr_expect_eq(step_of(room.session), 300);
    traced(&room, "b.csv", five_hundred);
    type(&room, "export pytorch b.py");
    second = taken(&room);
    expect_same("a.csv", "b.csv");
    expect_same("a.tensors.csv", "b.tensors.csv");
    expect_same("a.safetensors", "b.safetensors");
    expect_same_facts(&first, &second);
    snapshot_release(&first);
    snapshot_release(&second);
    room_close(&room);
}

Test(travel, forward_again_comes_to_all_that_was_known_there)
{
    Room room = room_open();
    Snapshot first, second;

    type(&room, "data moons limit=50; batch 20; scale dynamic 2^34 interval=11; train 300");
    type(&room, five_hundred);
    type(&room, "print accuracy; save a.safetensors");
    first = taken(&room);
    type(&room, "rewind to 17; rewind to 555; rewind forward; save b.safetensors");
    second = taken(&room);
    expect_same("a.safetensors", "b.safetensors");
    expect_same_facts(&first, &second);
    snapshot_release(&first);
    snapshot_release(&second);
    refuse(&room, "rewind forward");
    room_close(&room);
}

enum { STOPS = 9 };

Test(travel, each_step_on_the_way_is_as_it_was)
{
    static const char *const legs[STOPS] = {
        "train 31",
        "scale 2^38; train 2",
        "train 40",
        "probe updates; train 3",
        "autocast bf16; scale off; train 20",
        "print accuracy; lr 0.5",
        "train 1",
        "autocast fp16; scale static 2; inject nan fc1.weight.grad; step",
        "train 7",
    };
    Room room = room_open();
    Snapshot there[STOPS];
    char line[40];

    type(&room, "data moons limit=50; batch 20; scale dynamic 2^30 interval=5");
    for (int i = 0; i < STOPS; i++) {
        type(&room, legs[i]);
        there[i] = taken(&room);
        snprintf(line, sizeof line, "mark m%d", i);
        type(&room, line);
    }
    for (int i = 0; i < STOPS; i++) {
        int at = i * 5 % STOPS; /* back and forth */
        Snapshot again;

        snprintf(line, sizeof line, "rewind to m%d", at);
        type(&room, line);
        again = taken(&room);
        expect_same_facts(&there[at], &again);
        snapshot_release(&again);
    }
    for (int i = 0; i < STOPS; i++)
        snapshot_release(&there[i]);
    room_close(&room);
}

static void expect_printed(Room *room, const char *expression)
{
    char line[200];

    snprintf(line, sizeof line, "lua if not (%s) then command(\"load nowhere\") end", expression);
    type(room, line);
}

Test(travel, a_step_is_meant_with_what_was_changed_behind_it_and_a_mark_as_it_was)
{
    Room room = room_open();

    type(&room, "train 10; mark before; lr 0.5; scale 8; train 10; rewind to 10");
    expect_printed(&room, "step == 10 and lr == 0.5 and scale == 8");
    type(&room, "rewind to before");
    expect_printed(&room, "step == 10 and lr == 0.001 and scale == 65536");
    type(&room, "rewind forward");
    expect_printed(&room, "step == 20 and lr == 0.5");
    room_close(&room);
}

Test(travel, a_mark_at_the_very_beginning_has_the_settings_of_then)
{
    Room room = room_open();

    type(&room, "mark start; lr 0.5; train 3; rewind to start");
    expect_printed(&room, "step == 0 and lr == 0.001");
    type(&room, "rewind to 3; mark start; train 1; rewind to start");
    expect_printed(&room, "step == 3 and lr == 0.5");
    room_close(&room);
}

Test(travel, what_lies_ahead_is_kept_until_something_else_is_done)
{
    static const char *const done[] = {"step", "lr 0.1", "scale 4", "inject inf fc1.out", "fork b"};
    Room room = room_open();

    type(&room, "train 20; mark end");
    for (size_t i = 0; i < sizeof done / sizeof *done; i++) {
        type(&room, "rewind 10; print loss, accuracy; show program; rewind forward; rewind 10");
        type(&room, done[i]);
        refuse(&room, "rewind forward");
        refuse(&room, "rewind to 20");
        refuse(&room, "rewind to end");
        type(&room, "rewind to 0; train 20; mark end");
    }
    room_close(&room);
}

Test(travel, where_there_is_no_way_nothing_changes)
{
    static const char *const nowhere[] = {
        "rewind 51",    "rewind to 51", "rewind to nothing", "rewind forward",   "rewind",
        "rewind to",    "rewind 3.5",   "rewind 0",          "rewind 3 4",       "mark 3",
        "mark forward", "mark to",      "rewind to -1",      "rewind forward 3",
    };
    Room room = room_open();
    Snapshot before, behind;

    type(&room, "train 50");
    before = taken(&room);
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        refuse(&room, nowhere[i]);
    type(&room, "export trace a.csv");
    refuse(&room, "rewind 3");
    type(&room, "export trace off; rewind to 50");
    behind = taken(&room);
    expect_same_facts(&before, &behind);
    snapshot_release(&before);
    snapshot_release(&behind);
    room_close(&room);
}

Test(travel, the_way_back_ends_where_the_run_was_put_in_place)
{
    Room room = room_open();

    type(&room, "train 20; mark m; save a.safetensors; load a.safetensors; train 5");
    refuse(&room, "rewind 6");
    refuse(&room, "rewind to m");
    type(&room, "rewind 5; reset");
    refuse(&room, "rewind 1");
    type(&room, "train 4; net 2 4 2; train 3; undo");
    refuse(&room, "rewind 1");
    type(&room, "train 2; rewind 2");
    cr_expect_eq(step_of(room.session), 4);
    room_close(&room);
}

Test(travel, before_a_fork_there_are_fewer_runs_and_forward_there_are_all)
{
    Room room = room_open();
    Session *session = room.session;

    type(&room, "train 10; fork b autocast=bf16 scale=off; train 10; b: lr 0.1; train 5; use b");
    type(&room, "save a.safetensors; rewind to 12");
    cr_expect_eq(session_run_count(session), 2);
    cr_expect_str_eq(session_run_name(session, session_run_current(session)), "b");
    expect_printed(&room, "lr == 0.001");
    type(&room, "rewind to 5");
    cr_expect_eq(session_run_count(session), 1);
    cr_expect_str_eq(session_run_name(session, 0), "a");
    type(&room, "rewind forward; use b; save b.safetensors");
    expect_same("a.safetensors", "b.safetensors");
    type(&room, "drop a; train 3; rewind 3");
    cr_expect_eq(session_run_count(session), 1);
    type(&room, "rewind to 24");
    cr_expect_eq(session_run_count(session), 2);
    type(&room, "a: step; runs");
    refuse(&room, "rewind forward");
    room_close(&room);
}

Test(travel, an_accuracy_of_an_earlier_step_is_not_that_of_the_last_training)
{
    Room room = room_open();

    type(&room, "train 20; rewind 10; print accuracy");
    cr_expect(session_history(room.session, 0)->accuracy.none);
    type(&room, "rewind forward; print accuracy");
    cr_expect_not(session_history(room.session, 0)->accuracy.none);
    room_close(&room);
}

Test(travel, a_step_in_phases_is_a_step_and_takes_what_is_injected)
{
    Room room = room_open();

    type(&room, "step --phases; phase end; rewind 1; rewind forward; train 9; mark m");
    type(&room, "inject nan fc2.weight.grad; step --phases; phase end");
    expect_printed(&room, "step == 11 and skipped == 1");
    type(&room, "rewind to m; step --phases; phase end");
    expect_printed(&room, "step == 11 and skipped == 0");
    refuse(&room, "rewind forward");
    type(&room, "step --phases");
    refuse(&room, "rewind 1");
    refuse(&room, "mark n");
    refuse(&room, "inject inf fc1.out");
    refuse(&room, "break when loss < 0");
    type(&room, "phase drop; inject inf fc1.weight; step --phases; phase; phase drop");
    type(&room, "inspect fc1.weight; rewind 1; train 3");
    expect_printed(&room, "skipped == 0");
    room_close(&room);
}

Test(travel, while_a_training_runs_it_stops_it)
{
    Room room = room_open();

    type(&room, "train 30; run; rewind to 10");
    cr_expect_not(session_training(room.session));
    cr_expect_eq(step_of(room.session), 10);
    room_close(&room);
}
