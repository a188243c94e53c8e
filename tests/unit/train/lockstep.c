/* Several runs that share their batches and take every step together. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(lockstep, .init = open_small, .fini = close_all);

Test(lockstep, a_session_begins_with_one_run_called_a)
{
    cr_expect_eq(session_run_count(session), 1);
    cr_expect_str_eq(session_run_name(session, 0), "a");
    cr_expect_str_eq(look()->run_name, "a");
}

Test(lockstep, a_fork_goes_on_with_the_bits_of_its_parent)
{
    ForkSpec spec = same("b");
    Snapshot a, b;

    train(15);
    cr_expect_eq(fork_run(&spec), 15);
    train(25);
    a = seen(0);
    b = seen(1);
    cr_expect_eq(b.step, 40);
    cr_expect_str_eq(b.run_name, "b");
    expect_same_losses(&a, &b);
    cr_expect_eq(session_first_difference(session, 0, 1), -1);
}

Test(lockstep, a_run_has_the_same_bits_alone_and_beside_another)
{
    Settings other;
    Snapshot a, b, now_a, now_b;

    fork_bf16();
    train(30);
    a = seen(0);
    b = seen(1);
    must(session_reset(session));
    train(30);
    now_a = seen(0);
    now_b = seen(1);
    expect_same_losses(&a, &now_a);
    expect_same_losses(&b, &now_b);
    close_all();
    now = (Snapshot){0};
    open_small();
    other = *session_settings(session);
    train(30);
    now_a = seen(0);
    expect_same_losses(&a, &now_a);
    other.autocast = FORMAT_BF16;
    other.scaler.mode = SCALE_OFF;
    apply(&other);
    must(session_reset(session));
    train(30);
    now_b = seen(0);
    expect_same_losses(&b, &now_b);
}

Test(lockstep, a_training_that_is_held_takes_changes_and_no_steps)
{
    ForkSpec spec = same("b");
    Goal goal = {.steps = 1 << 20};
    int64_t first, then;

    fork_run(&spec);
    must(session_start(session, &goal));
    session_hold(session, true);
    must(session_apply(session, session_settings(session), &first));
    usleep(50000);
    must(session_use(session, 1));
    must(session_apply(session, session_settings(session), &then));
    cr_expect_eq(then, first);
    session_hold(session, false);
    for (int i = 0; i < 1000 && then == first; i++) {
        usleep(1000);
        must(session_apply(session, session_settings(session), &then));
    }
    cr_expect_gt(then, first);
    session_hold(session, true);
    cr_expect_not(session_wait(session, 0.1)); /* or it would wait for ever */
    must(session_apply(session, session_settings(session), &first));
    cr_expect_gt(first, then);
    session_hold(session, true);
    session_pause(session);
    cr_expect_not(session_training(session));
}

Test(lockstep, two_formats_part_and_the_first_step_is_known)
{
    int64_t first;

    train(5);
    fork_bf16();
    cr_expect_eq(session_first_difference(session, 0, 1), -1);
    train(20);
    first = session_first_difference(session, 0, 1);
    cr_expect_gt(first, 5);
    cr_expect_leq(first, 7); /* the next one, unless all products round alike */
    cr_expect_eq(session_first_difference(session, 1, 0), first);
}

Test(lockstep, a_fork_of_a_fork_parted_where_its_parent_did)
{
    ForkSpec spec = same("c");
    int64_t first;

    fork_bf16();
    train(10);
    first = session_first_difference(session, 0, 1);
    must(session_use(session, 1));
    spec.settings = *session_settings(session);
    fork_run(&spec);
    cr_expect_eq(session_first_difference(session, 0, 2), first);
    cr_expect_eq(session_first_difference(session, 1, 2), -1);
}

Test(lockstep, a_power_of_two_as_loss_scale_parts_nothing_where_nothing_is_lost)
{
    Settings wanted = *session_settings(session);
    ForkSpec spec;

    wanted.autocast = FORMAT_FP32;
    wanted.scaler.mode = SCALE_STATIC;
    wanted.scaler.start = 1.0f;
    apply(&wanted);
    spec = same("b");
    spec.settings.scaler.start = 1024.0f;
    fork_run(&spec);
    train(40);
    cr_expect_eq(session_first_difference(session, 0, 1), -1);
    cr_expect_eq(seen(1).scaler.scale, 1024.0f);
}

Test(lockstep, a_skip_that_only_one_run_has_parts_them)
{
    ForkSpec spec = same("b");

    train(4);
    spec.scale = 1e38f;
    fork_run(&spec);
    train(1);
    cr_expect_eq(session_first_difference(session, 0, 1), 5);
    cr_expect_eq(seen(0).skipped, 0);
    cr_expect_eq(seen(1).skipped, 1);
}

Test(lockstep, settings_are_of_the_run_in_use_but_batch_and_pace_are_of_all)
{
    Settings wanted;

    fork_bf16();
    must(session_use(session, 1));
    cr_expect_eq(session_settings(session)->autocast, FORMAT_BF16);
    wanted = *session_settings(session);
    wanted.optim.lr = 0.5;
    wanted.batch = 10;
    wanted.pace = 1e6;
    apply(&wanted);
    must(session_use(session, 0));
    cr_expect_eq(session_settings(session)->autocast, FORMAT_FP16);
    cr_expect_neq(session_settings(session)->optim.lr, 0.5);
    cr_expect_eq(session_settings(session)->batch, 10);
    cr_expect_eq(session_settings(session)->pace, 1e6);
    train(3);
    cr_expect_eq(seen(0).step, 3);
    cr_expect_eq(seen(1).step, 3);
}

Test(lockstep, a_batch_that_the_runs_have_no_room_for_together_changes_none)
{
    ForkSpec spec = same("b");
    Settings wanted = *session_settings(session);
    int64_t step;

    must(net_parse("2 65536 2", "tanh", &spec.settings.net));
    fork_run(&spec);
    spec.name = "c";
    fork_run(&spec);
    spec.name = "d";
    fork_run(&spec);
    wanted.batch = 2000; /* each of them has room alone */
    cr_expect_eq(session_apply(session, &wanted, &step).code, STATUS_MEMORY);
    cr_expect_eq(seen(0).batch, 20);
    cr_expect_eq(seen(1).batch, 20);
    cr_expect_eq(session_settings(session)->batch, 20);
}

Test(lockstep, what_is_refused_for_one_run_changes_none)
{
    Settings wanted = *session_settings(session);
    int64_t step;

    fork_bf16();
    must(session_use(session, 1));
    wanted = *session_settings(session);
    wanted.batch = LARGEST_BATCH; /* more than there are examples */
    cr_expect(failed(session_apply(session, &wanted, &step)));
    cr_expect_eq(session_settings(session)->batch, 20);
    cr_expect_eq(seen(0).batch, 20);
    cr_expect_eq(seen(1).batch, 20);
    train(2);
}

Test(lockstep, an_interrupted_step_is_taken_by_all_runs_or_by_none)
{
    Goal goal = {0};
    ForkSpec spec = same("c");

    fork_bf16();
    fork_run(&spec);
    for (int i = 0; i < 60; i++) {
        must(session_start(session, &goal));
        usleep((useconds_t)(rand() % 1500));
        session_interrupt(session);
        while (!session_wait(session, 1.0))
            ;
        cr_expect_eq(session_result(session).code, STATUS_INTERRUPTED);
        cr_assert_eq(seen(0).step, seen(1).step);
        cr_assert_eq(seen(0).step, seen(2).step);
    }
    cr_expect_gt(seen(0).step, 0);
    cr_expect_eq(session_first_difference(session, 0, 2), -1);
}

Test(lockstep, until_asks_the_run_that_was_in_use_when_it_began)
{
    Goal goal = {.until = "skipped >= 3 or step > 5000"};
    ForkSpec spec = same("b");

    spec.scale = 1e38f;
    fork_run(&spec);
    must(session_use(session, 1));
    must(session_start(session, &goal));
    must(session_use(session, 0));
    while (!session_wait(session, 1.0))
        ;
    must(session_result(session));
    cr_expect_eq(seen(1).skipped, 3);
    cr_expect_eq(seen(0).skipped, 0);
}
