/* Runs that come, go, and take each other's place. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(forks, .init = open_small, .fini = close_all);

Test(forks, another_network_in_one_run_begins_all_again_and_undo_brings_all_back)
{
    Settings wanted;
    Snapshot a, back;
    Text what = {0};

    fork_bf16();
    train(12);
    a = seen(0);
    wanted = *session_settings(session);
    must(net_parse("2 8 2", "tanh", &wanted.net));
    apply(&wanted);
    cr_expect_eq(seen(0).step, 0);
    cr_expect_eq(seen(1).step, 0);
    cr_expect_str_neq(seen(1).net, seen(0).net);
    cr_expect_eq(seen(1).autocast, FORMAT_BF16);
    train(3);
    must(session_undo(session, &what));
    text_release(&what);
    back = seen(0);
    cr_expect_eq(session_run_count(session), 2);
    cr_expect_eq(seen(1).step, 12);
    expect_same_losses(&a, &back);
}

Test(forks, a_dropped_run_leaves_the_others_as_they_are_and_undo_brings_it_back)
{
    ForkSpec spec = same("c");
    int64_t first;
    bool kept = false;
    Text what = {0};

    fork_bf16();
    fork_run(&spec);
    train(6);
    first = session_first_difference(session, 1, 2);
    must(session_drop(session, 0, &kept));
    cr_expect(kept);
    cr_expect_eq(session_run_count(session), 2);
    cr_expect_str_eq(session_run_name(session, 0), "b");
    cr_expect_str_eq(session_run_name(session, 1), "c");
    cr_expect_str_eq(session_run_name(session, session_run_current(session)), "b");
    cr_expect_eq(session_first_difference(session, 0, 1), first);
    train(4);
    must(session_undo(session, &what));
    text_release(&what);
    cr_expect_eq(session_run_count(session), 3);
    cr_expect_eq(seen(0).step, 6);
    cr_expect_eq(session_first_difference(session, 1, 2), first);
    train(4);
}

static void expect_refused(const char *name)
{
    ForkSpec spec = same(name);
    int64_t step;

    cr_expect_eq(session_fork(session, &spec, &step).code, STATUS_USAGE, "%s", name);
}

Test(forks, what_is_known_of_two_runs_stays_known_when_one_between_them_goes)
{
    ForkSpec spec = same("c");
    bool kept;

    fork_bf16();
    train(3);
    spec.scale = 1e38f; /* skips the next step */
    fork_run(&spec);
    train(2);
    cr_assert_eq(session_first_difference(session, 0, 2), 4);
    cr_assert_lt(session_first_difference(session, 0, 1), 4);
    must(session_drop(session, 1, &kept));
    cr_expect_eq(session_first_difference(session, 0, 1), 4);
    cr_expect_str_eq(session_run_name(session, 1), "c");
}

Test(forks, names_are_short_words_and_there_are_four_at_most)
{
    ForkSpec spec;
    bool kept;

    cr_expect_eq(session_drop(session, 0, &kept).code, STATUS_USAGE);
    expect_refused("all");
    expect_refused("a");
    expect_refused("");
    expect_refused("2x");
    expect_refused("b c");
    expect_refused("abcdefghijklmnop");
    for (const char *name = "bcd"; *name != '\0'; name++) {
        char letter[2] = {*name, '\0'};

        spec = same(letter);
        fork_run(&spec);
    }
    expect_refused("e");
    cr_expect_eq(session_run_count(session), 4);
    train(3);
    cr_expect_eq(seen(3).step, 3);
}

Test(forks, another_network_stands_beside_only_at_step_0)
{
    ForkSpec spec = same("b");
    int64_t step;

    must(net_parse("2 8 2", "tanh", &spec.settings.net));
    train(1);
    cr_expect_eq(session_fork(session, &spec, &step).code, STATUS_USAGE);
    must(session_reset(session));
    fork_run(&spec);
    train(5);
    cr_expect_eq(seen(1).step, 5);
    cr_expect_str_neq(seen(0).net, seen(1).net);
}

Test(forks, runs_come_and_go_while_they_train)
{
    Goal goal = {0};
    ForkSpec spec = same("b");
    bool kept;

    must(session_start(session, &goal));
    for (int i = 0; i < 20; i++) {
        fork_run(&spec);
        must(session_use(session, 1));
        must(session_drop(session, i % 2, &kept));
        spec.name = session_run_named(session, "a") < 0 ? "a" : "b";
        cr_expect(session_training(session));
    }
    fork_run(&spec);
    session_pause(session);
    must(session_result(session));
    cr_expect_eq(seen(0).step, seen(1).step);
    cr_expect_eq(session_first_difference(session, 0, 1), -1);
}

Test(forks, history_tells_of_every_run)
{
    fork_bf16();
    train(7);
    cr_expect_eq(session_history_count(session), 2);
    cr_expect_str_eq(session_history(session, 0)->run, "a");
    cr_expect_str_eq(session_history(session, 1)->run, "b");
    cr_expect_eq(session_history(session, 1)->number, 1);
    must(session_use(session, 1));
    must(session_measure(session, (ExprNeeds){.accuracy = true}, &now));
    cr_expect(session_history(session, 0)->accuracy.none);
    cr_expect_not(session_history(session, 1)->accuracy.none);
}

Test(forks, a_loaded_run_is_the_only_one_and_undo_brings_all_back)
{
    char path[] = "/tmp/halfstep-lockstep-XXXXXX";
    int file = mkstemp(path);
    int64_t step;
    Text what = {0};

    cr_assert(file >= 0 && close(file) == 0);
    fork_bf16();
    train(4);
    must(session_use(session, 1));
    must(session_save(session, path, &step));
    must(session_load(session, path, &what));
    cr_expect_eq(session_run_count(session), 1);
    cr_expect_str_eq(session_run_name(session, 0), "b");
    cr_expect_eq(session_settings(session)->autocast, FORMAT_BF16);
    must(session_undo(session, &what));
    cr_expect_eq(session_run_count(session), 2);
    cr_expect_eq(session_run_current(session), 1);
    text_release(&what);
    cr_expect_eq(remove(path), 0);
}

Test(forks, a_stage_takes_the_place_of_all_runs_as_one_change)
{
    StagedRun runs[2] = {{.name = "x", .settings = *session_settings(session)}, {.name = "y"}};
    Text what = {0};

    runs[1].settings = runs[0].settings;
    runs[1].settings.autocast = FORMAT_BF16;
    train(9);
    must(session_stage(session, runs, 2, "demo"));
    cr_expect_eq(session_run_count(session), 2);
    cr_expect_str_eq(session_run_name(session, 1), "y");
    train(2);
    must(session_undo(session, &what));
    text_release(&what);
    cr_expect_eq(session_run_count(session), 1);
    cr_expect_eq(seen(0).step, 9);
    cr_expect_str_eq(session_run_name(session, 0), "a");
}

Test(forks, what_all_share_is_refused_where_it_does_not_fit_one_of_them)
{
    ForkSpec spec = same("b");
    Settings wanted;
    int64_t step;
    Status status;

    spec.settings.master = false;
    spec.settings.scaler.mode = SCALE_OFF;
    fork_run(&spec);
    wanted = *session_settings(session);
    wanted.accumulate = 2;
    status = session_apply(session, &wanted, &step);
    cr_expect_eq(status.code, STATUS_UNSUPPORTED);
    cr_expect(text_starts(status.text, "run b: gradients of weights without masters"), "%s",
              status.text);
    cr_expect_eq(seen(0).accumulate, 1);
    cr_expect_eq(seen(1).accumulate, 1);
    train(2);
}

Test(forks, runs_that_were_put_aside_come_back_to_the_bit_whatever_happened_meanwhile)
{
    Settings wanted;
    Snapshot a, b, straight;
    int64_t first;

    fork_bf16();
    train(6);
    must(session_use(session, 1));
    first = session_first_difference(session, 0, 1);
    must(session_put_aside(session, ASIDE_STEP));
    train(5);
    a = seen(0);
    straight = seen(1);
    wanted = *session_settings(session);
    wanted.seed = 9;
    must(net_parse("2 3 2", "tanh", &wanted.net));
    apply(&wanted);
    must(session_take_back(session, ASIDE_STEP));
    cr_expect_eq(session_run_count(session), 2);
    cr_expect_eq(session_run_current(session), 1);
    cr_expect_eq(seen(0).step, 6);
    cr_expect_eq(session_first_difference(session, 0, 1), first);
    train(5);
    b = seen(0);
    expect_same_losses(&a, &b);
    b = seen(1);
    expect_same_losses(&straight, &b);
}

Test(forks, runs_are_put_aside_in_places_of_their_own_and_taken_back_once)
{
    cr_expect_not(session_has_aside(session, ASIDE_OWN));
    train(3);
    must(session_put_aside(session, ASIDE_OWN));
    train(4);
    must(session_put_aside(session, ASIDE_STEP));
    train(1);
    must(session_take_back(session, ASIDE_OWN));
    cr_expect_eq(seen(0).step, 3);
    cr_expect(failed(session_take_back(session, ASIDE_OWN)));
    session_let_go(session, ASIDE_STEP);
    cr_expect_not(session_has_aside(session, ASIDE_STEP));
    cr_expect(failed(session_take_back(session, ASIDE_STEP)));
    cr_expect_eq(seen(0).step, 3);
}

/* What they were trained with goes on being there, though no run uses it. */
Test(forks, runs_that_were_put_aside_keep_their_data)
{
    Snapshot before, back;
    Settings wanted = *session_settings(session);

    train(4);
    must(session_put_aside(session, ASIDE_OWN));
    train(4);
    before = seen(0);
    for (unsigned i = 1; i <= 3; i++) {
        wanted.seed = 100 + i; /* of the data too */
        apply(&wanted);
        train(1);
    }
    must(session_take_back(session, ASIDE_OWN));
    train(4);
    back = seen(0);
    expect_same_losses(&before, &back);
}

Test(forks, what_undo_would_bring_back_can_be_let_go_of)
{
    Settings wanted = *session_settings(session);
    Text what = {0};

    train(3);
    must(net_parse("2 3 2", "tanh", &wanted.net));
    apply(&wanted);
    session_forget_replaced(session);
    cr_expect(failed(session_undo(session, &what)));
    train(2);
    cr_expect_eq(seen(0).step, 2);
    text_release(&what);
}
