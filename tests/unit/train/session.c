/* A session on the CPU, over small synthetic data: what its header promises. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(session, .init = open_small, .fini = close_all);

Test(session, trains_the_steps_it_was_asked_for_and_learns)
{
    double before;

    train(20);
    before = look()->loss.value;
    train(300);
    cr_expect_eq(look()->step, 320);
    cr_expect_lt(now.loss.value, before);
    cr_expect_not(now.training);
}

Test(session, keeps_the_weights_when_the_format_changes)
{
    Settings wanted = *session_settings(session);

    train(30);
    wanted.autocast = FORMAT_BF16;
    wanted.scaler.mode = SCALE_OFF;
    wanted.batch = 30;
    apply(&wanted);
    cr_expect_eq(look()->step, 30);
    cr_expect_gt(moved("fc1.weight"), 0.5);
    cr_expect_eq(now.scaler.scale, 1.0f);
    train(1);
    cr_expect_eq(look()->step, 31);
}

Test(session, begins_a_new_run_when_the_network_changes_and_undo_brings_the_old_one_back)
{
    Settings wanted = *session_settings(session);
    Text what = {0};

    train(30);
    must(net_parse("2 8 3", "relu", &wanted.net));
    wanted.net.layers[3].width = session_settings(session)->net.layers[3].width;
    apply(&wanted);
    cr_expect_eq(look()->step, 0);
    train(5);
    must(session_undo(session, &what));
    cr_expect_eq(look()->step, 30);
    cr_expect_gt(moved("fc1.weight"), 0.5);
    must(session_undo(session, &what));
    cr_expect_eq(look()->step, 5);
    text_release(&what);
}

Test(session, goes_on_bit_for_bit_after_undo)
{
    Text what = {0};
    double straight;

    int64_t epoch = session_epoch_steps(session);

    train(30);
    must(session_reset(session));
    train(3 * epoch);                   /* the device holds the orders of later epochs now */
    must(session_undo(session, &what)); /* at step 30 again */
    train(10);
    straight = look()->batch_loss.value;
    must(session_reset(session));
    train(40);
    cr_expect_eq(look()->batch_loss.value, straight);
    text_release(&what);
}

Test(session, resets_to_the_start_of_the_run)
{
    double first;

    train(1);
    first = look()->batch_loss.value;
    train(20);
    must(session_reset(session));
    cr_expect_eq(look()->step, 0);
    cr_expect_eq(moved("fc1.weight"), 0.0);
    cr_expect(now.loss.none);
    train(1);
    cr_expect_eq(look()->batch_loss.value, first);
}

Test(session, changes_nothing_when_a_setting_is_refused)
{
    Settings before = *session_settings(session), wanted = before;
    int64_t step;

    train(3);
    wanted.batch = 0;
    cr_expect(failed(session_apply(session, &wanted, &step)));
    wanted.batch = 60000; /* more than there are */
    cr_expect(failed(session_apply(session, &wanted, &step)));
    wanted = before;
    wanted.scaler.growth = 0.5;
    cr_expect(failed(session_apply(session, &wanted, &step)));
    wanted = before;
    wanted.autocast = FORMAT_E5M2;
    cr_expect(failed(session_apply(session, &wanted, &step)));
    wanted = before;
    must(data_spec_parse("csv:/nowhere/at/all.csv", &wanted.data));
    cr_expect(failed(session_apply(session, &wanted, &step)));
    cr_expect_eq(session_settings(session)->batch, before.batch);
    cr_expect_eq(look()->step, 3);
    train(1);
    cr_expect_eq(look()->step, 4);
}

Test(session, takes_parts_that_do_not_fit_yet_and_says_what_is_missing)
{
    Settings wanted = *session_settings(session);
    Goal goal = {.steps = 1};
    Text what = {0};

    train(3);
    must(net_parse("7 16 3", "relu", &wanted.net));
    apply(&wanted);
    cr_expect(failed(session_problem(session)));
    cr_expect(failed(session_start(session, &goal)));
    session_print_program(session, &what);
    cr_expect_not_null(strstr(text_chars(&what), "no program"));
    must(session_undo(session, &what)); /* back to the run that stood */
    cr_expect_eq(look()->step, 3);
    text_release(&what);
}

Test(session, trains_until_an_expression_holds)
{
    Goal goal = {.until = "step >= 7 and loss > 0"};

    must(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        ;
    must(session_result(session));
    cr_expect_eq(look()->step, 7);
    goal.until = "no_such_metric > 1";
    cr_expect(failed(session_start(session, &goal)));
}

Test(session, runs_until_it_is_paused_while_settings_change)
{
    Settings wanted = *session_settings(session);
    Goal endless = {0};
    int64_t at;

    must(session_start(session, &endless));
    cr_expect(failed(session_start(session, &endless)));
    wanted.optim.lr = 1e-4;
    must(session_apply(session, &wanted, &at));
    wanted.autocast = FORMAT_BF16;
    must(session_apply(session, &wanted, &at));
    cr_expect(session_training(session));
    session_pause(session);
    cr_expect_not(session_training(session));
    must(session_result(session));
    cr_expect_geq(look()->step, at);
    session_pause(session);
}

Test(session, keeps_to_its_pace)
{
    Settings wanted = *session_settings(session);
    Goal paced = {.at_pace = true};

    wanted.pace = 20.0;
    apply(&wanted);
    must(session_start(session, &paced));
    cr_expect_not(session_wait(session, 0.5));
    session_pause(session);
    cr_expect_leq(look()->step, 12);
    cr_expect_geq(now.step, 1);
}

Test(session, remembers_every_training)
{
    train(4);
    train(6);
    cr_assert_eq(session_history_count(session), 2);
    cr_expect_eq(session_history(session, 0)->last_step, 4);
    cr_expect_eq(session_history(session, 1)->first_step, 5);
    cr_expect_eq(session_history(session, 1)->last_step, 10);
    cr_expect_eq(session_history(session, 1)->skipped, 0);
    cr_expect_not_null(strstr(session_history(session, 1)->settings, "spirals"));
}

Test(session, measures_accuracy_when_asked)
{
    must(session_measure(session, (ExprNeeds){.accuracy = true}, &now));
    cr_expect_not(now.accuracy.none);
    cr_expect(now.accuracy.value >= 0.0 && now.accuracy.value <= 1.0);
    train(400);
    cr_expect_eq(look()->accuracy_step, 0);
    must(session_measure(session, (ExprNeeds){.accuracy = true}, &now));
    cr_expect_eq(now.accuracy_step, 400);
}

Test(session, counts_nothing_with_probes_off_and_trains_the_same)
{
    Settings wanted = *session_settings(session);
    double counted;

    train(10);
    counted = look()->batch_loss.value;
    cr_expect(snapshot_tensor(&now, "fc1.weight.grad")->probed);
    wanted.probes = PROBE_OFF;
    apply(&wanted);
    must(session_reset(session));
    train(10);
    cr_expect_eq(look()->batch_loss.value, counted);
    cr_expect_not(snapshot_tensor(&now, "fc1.weight.grad")->probed);
}

Test(session, prints_the_program_of_a_step)
{
    Text text = {0};

    session_print_program(session, &text);
    cr_expect_not_null(strstr(text_chars(&text), "fc1.weight.fp16"));
    cr_expect_not_null(strstr(text_chars(&text), "update"));
    text_release(&text);
}

Test(session, measures_accuracy_for_until_at_the_ends_of_epochs)
{
    Goal goal = {.until = "accuracy >= 0"};

    must(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        ;
    must(session_result(session));
    cr_expect_eq(look()->step, session_epoch_steps(session));
}

static void run_on(void)
{
    Goal endless = {0};

    must(session_start(session, &endless));
    cr_assert(session_training(session));
}

Test(session, ends_the_training_when_the_run_is_replaced)
{
    Settings wanted = *session_settings(session);
    Text what = {0};

    run_on();
    must(session_reset(session));
    cr_expect_not(session_training(session));
    run_on();
    wanted.net.layers[1].width = 12;
    apply(&wanted);
    cr_expect_not(session_training(session));
    run_on();
    must(session_undo(session, &what));
    cr_expect_not(session_training(session));
    text_release(&what);
}

Test(session, can_be_freed_while_it_trains)
{
    run_on(); /* close_all frees it */
}

Test(session, can_be_interrupted_within_a_step_and_goes_on_after)
{
    int64_t step;

    run_on();
    session_interrupt(session);
    while (!session_wait(session, 1.0))
        ;
    cr_expect_eq(session_result(session).code, STATUS_INTERRUPTED);
    step = look()->step;
    train(2);
    cr_expect_eq(look()->step, step + 2);
}

/* Whoever sees that a training has ended must see its last step. */
Test(session, shows_the_last_step_as_soon_as_a_training_has_ended)
{
    Snapshot last = {0};

    for (int i = 1; i <= 200; i++) {
        Goal goal = {.steps = 1};

        must(session_start(session, &goal));
        while (!session_wait(session, 50e-6))
            ;
        session_snapshot(session, &last);
        cr_assert_eq(last.step, i);
        cr_assert_not(last.training);
    }
    snapshot_release(&last);
}

Test(session, starts_with_spirals_where_the_shipped_data_set_is_missing)
{
    close_all();
    now = (Snapshot){0};
    open_without_data();
    cr_expect_str_eq(look()->data, "spirals");
    cr_expect_not_null(strstr(session_backend(session), "missing"));
    train(2);
}

Test(session, refuses_a_network_that_is_larger_than_is_taken_and_keeps_the_present_one)
{
    Settings wanted = *session_settings(session);
    int64_t step;

    train(3);
    must(net_parse("2 65536 65536 2", "relu", &wanted.net));
    cr_expect_eq(session_apply(session, &wanted, &step).code, STATUS_MEMORY);
    cr_expect_eq(look()->step, 3);
    train(1);
}
