/* A session on the CPU, over small synthetic data: what its header promises. */
#include "train/session.h"

#include "cpu/cpu.h"
#include "program/registry.h"
#include "train/catalog.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Registry *registry;
static Session *session;
static Snapshot now;

static void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

static void apply(const Settings *wanted)
{
    int64_t step;

    must(session_apply(session, wanted, &step));
}

static void open_with(int threads)
{
    SessionOptions options = {.backend = "cpu", .threads = threads};
    Settings wanted;

    setenv("HALFSTEP_DATASETS", "datasets", 1);
    setenv("HALFSTEP_MATMUL", "reference", 1);
    registry = registry_new(&cpu_backend);
    options.registry = registry;
    must(session_new(&options, &session));
    wanted = *session_settings(session);
    must(data_spec_parse("spirals", &wanted.data));
    must(net_parse("2 16 3", "tanh", &wanted.net));
    wanted.batch = 20;
    apply(&wanted);
    wanted.net.layers[3].width = 2; /* spirals may have two arms or three */
    if (failed(session_problem(session)))
        apply(&wanted);
    must(session_problem(session));
}

static void open_small(void)
{
    open_with(1);
}

static void close_all(void)
{
    snapshot_release(&now);
    session_free(session);
    registry_free(registry);
}

static void train(int64_t steps)
{
    Goal goal = {.steps = steps};

    must(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        ;
    must(session_result(session));
}

static const Snapshot *look(void)
{
    must(session_measure(session, (ExprNeeds){false, true}, &now));
    return &now;
}

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

static double loss_after_training(int threads, uint64_t seed)
{
    Settings wanted;
    double loss;

    open_with(threads);
    wanted = *session_settings(session);
    wanted.seed = seed;
    apply(&wanted);
    train(50);
    loss = look()->loss.value;
    close_all();
    now = (Snapshot){0};
    return loss;
}

Test(determinism, the_same_seed_gives_the_same_bits_on_any_number_of_threads)
{
    double first = loss_after_training(1, 3);

    cr_expect_eq(loss_after_training(1, 3), first);
    cr_expect_eq(loss_after_training(4, 3), first);
    cr_expect_neq(loss_after_training(1, 4), first);
}

static double moved(const char *name)
{
    const TensorFacts *tensor = snapshot_tensor(look(), name);

    cr_assert_not_null(tensor, "no %s", name);
    return tensor->moved.none ? -1.0 : tensor->moved.value;
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

    train(40);
    must(session_reset(session));
    train(30);
    must(session_reset(session));
    train(7);
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
    wanted.autocast = FORMAT_E4M3;
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

Test(session, starts_a_new_optimizer_from_empty_state_and_keeps_it_for_a_new_rate)
{
    Settings wanted = *session_settings(session);
    double changed, plain;

    train(10);
    wanted.optim.lr = 0.0;
    apply(&wanted);
    train(1);
    cr_expect_eq(look()->step, 11);
    changed = moved("fc2.bias");
    cr_expect_gt(changed, 0.0);
    must(optim_spec("adam", &wanted.optim));
    wanted.optim.lr = 1e-2;
    apply(&wanted);
    train(1);
    plain = look()->batch_loss.value;
    cr_expect(isfinite(plain));
}

Test(session, sets_the_scale_now_and_leaves_the_tracker)
{
    int64_t step;

    train(5);
    cr_expect_eq(look()->scaler.tracker, 5);
    must(session_set_scale(session, 8.0f, &step));
    cr_expect_eq(step, 5);
    cr_expect_eq(look()->scaler.scale, 8.0f);
    cr_expect_eq(now.scaler.tracker, 5);
    cr_expect_eq(now.scaler.mode, SCALER_DYNAMIC);
    cr_expect(failed(session_set_scale(session, 0.0f, &step)));
    cr_expect(failed(session_set_scale(session, INFINITY, &step)));
}

Test(session, turns_static_scaling_on_where_it_was_off)
{
    Settings wanted = *session_settings(session);
    int64_t step;

    wanted.scaler.mode = SCALE_OFF;
    apply(&wanted);
    must(session_set_scale(session, 1024.0f, &step));
    cr_expect_eq(look()->scaler.mode, SCALER_STATIC);
    train(3);
    cr_expect_eq(look()->scaler.scale, 1024.0f);
}

Test(session, skips_backs_off_and_tells_which_tensor_it_was)
{
    int64_t step;
    float before;

    must(session_set_scale(session, 0x1p40f, &step));
    train(1);
    look();
    cr_expect_eq(now.skipped, 1);
    cr_expect_eq(now.last_skip.step, 1);
    cr_expect_eq(now.last_skip.scale_used, 0x1p40f);
    cr_expect_eq(now.last_skip.scale_next, 0x1p39f);
    cr_expect_gt(now.last_skip.nonfinite, 0);
    cr_expect_neq(now.last_skip.tensor[0], '\0');
    cr_expect_eq(moved("fc1.weight"), 0.0);
    before = now.scaler.scale;
    train(2);
    cr_expect_lt(look()->scaler.scale, before);
    cr_expect_eq(now.last_skip.in_a_row, 3);
}

Test(session, grows_after_the_interval)
{
    Settings wanted = *session_settings(session);

    wanted.scaler.start = 16.0f;
    wanted.scaler.interval = 4;
    apply(&wanted);
    train(8);
    cr_expect_eq(look()->scaler.scale, 64.0f);
    cr_expect_eq(now.scaler.growths, 2);
}

Test(session, says_what_starved_the_gradients_behind_a_lost_one)
{
    Settings wanted = *session_settings(session);
    const TensorFacts *tensor;

    wanted.loss.weight = 1e-12f;
    wanted.scaler.mode = SCALE_STATIC;
    wanted.scaler.start = 1.0f;
    apply(&wanted);
    train(1);
    tensor = snapshot_tensor(look(), "fc1.weight.grad");
    cr_assert_not_null(tensor);
    cr_expect_str_eq(tensor->starved_by, "log_softmax.out.grad");
    cr_expect_eq(now.skipped, 0);
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
    cr_expect_not_null(strstr(session_history(session, 1)->settings, "spirals"));
}

Test(session, measures_accuracy_when_asked)
{
    must(session_measure(session, (ExprNeeds){true, false}, &now));
    cr_expect_not(now.accuracy.none);
    cr_expect(now.accuracy.value >= 0.0 && now.accuracy.value <= 1.0);
    train(400);
    cr_expect_eq(look()->accuracy_step, 0);
    must(session_measure(session, (ExprNeeds){true, false}, &now));
    cr_expect_eq(now.accuracy_step, 400);
}

Test(session, counts_nothing_with_probes_off_and_trains_the_same)
{
    Settings wanted = *session_settings(session);
    double counted;

    train(10);
    counted = look()->batch_loss.value;
    cr_expect(snapshot_tensor(&now, "fc1.weight.grad")->probed);
    wanted.probes = false;
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

Test(catalog, lists_every_table_with_a_line_of_help)
{
    for (Catalog catalog = CATALOG_DATA; catalog <= CATALOG_OPS; catalog++) {
        CatalogEntry entry;
        int count = 0;

        for (; catalog_get(catalog, count, &entry); count++) {
            cr_expect_gt(strlen(entry.text), 8, "%s", entry.name);
            cr_expect(catalog_has(catalog, entry.name));
        }
        cr_expect_gt(count, 1);
        cr_expect_not(catalog_get(catalog, count, &entry));
    }
    cr_expect_str_eq(catalog_nearest(CATALOG_OPTIMIZERS, "adamm"), "adam");
}
