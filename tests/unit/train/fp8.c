/* Runs in fp8: their histories last as weights do. */
#include "rig.h"

#include "telemetry/metric.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void open_fp8(void)
{
    open_small();
    say_setting("autocast fp8");
    say_setting("scale off");
    snprintf(path, sizeof path, "/tmp/halfstep-fp8-%d.halfstep", (int)getpid());
}

static void close_fp8(void)
{
    unlink(path);
    close_all();
}

TestSuite(fp8, .init = open_fp8, .fini = close_fp8);

/* A metric of a tensor; -1: none. */
static double seen_of(const char *metric, const char *tensor)
{
    Measure measure;

    must(metric_read(metric_find(metric), look(), tensor, &measure));
    return measure.none ? -1.0 : measure.value;
}

Test(fp8, tells_scale_and_amax_of_each_cast_and_of_nothing_else)
{
    double amax;

    cr_expect_eq(seen_of("fp8_scale", "fc1.weight"), -1.0);
    train(1);
    cr_expect_eq(seen_of("fp8_scale", "fc1.weight"), 1.0); /* there was no history */
    amax = seen_of("amax", "fc1.weight");
    cr_expect(amax > 0.01 && amax < 2.0);
    train(1);
    cr_expect_eq(seen_of("fp8_scale", "fc1.weight"), (double)(448.0f / (float)amax));
    cr_expect_eq(seen_of("fp8_scale", "fc1.bias"), -1.0);
    cr_expect_eq(seen_of("fp8_scale", "fc1.weight.grad"), -1.0);
    cr_expect_eq(snapshot_tensor(&now, "fc1.weight")->format, FORMAT_E4M3);
    cr_expect_eq(snapshot_tensor(&now, "fc1.out.grad")->format, FORMAT_E5M2);
    cr_expect_eq(snapshot_tensor(&now, "fc1.out")->format, FORMAT_BF16);
    cr_expect_str_eq(now.fp8, "scaling delayed");
}

Test(fp8, that_was_saved_goes_on_to_the_bit)
{
    Snapshot first, again;
    Text what = {0};
    int64_t step;
    double scale;

    say_setting("fp8 scaling delayed history=3 margin=1 backward=e4m3");
    train(10);
    must(session_save(session, path, &step));
    train(15);
    scale = seen_of("fp8_scale", "fc1.out.grad");
    first = *look();
    must(session_load(session, path, &what));
    text_release(&what);
    cr_expect_eq(session_settings(session)->fp8.history, 3);
    cr_expect_eq(session_settings(session)->fp8.backward, FORMAT_E4M3);
    train(15);
    again = *look();
    expect_same_losses(&first, &again);
    cr_expect_eq(seen_of("fp8_scale", "fc1.out.grad"), scale);
}

Test(fp8, that_is_rewound_and_forked_has_the_histories_of_then)
{
    Snapshot first, again;
    ForkSpec spec = same("b");

    train(12);
    (void)fork_run(&spec);
    train(20);
    first = seen(0);
    again = seen(1);
    expect_same_losses(&first, &again);
}

Test(fp8, keeps_its_histories_when_the_optimizer_begins_anew)
{
    double amax;

    train(5);
    amax = seen_of("amax", "fc1.weight");
    say_setting("optim sgd lr=0.01");
    train(1);
    cr_expect_eq(seen_of("fp8_scale", "fc1.weight"), (double)(448.0f / (float)amax));
}

Test(fp8, carries_a_history_into_one_of_another_length)
{
    double amax;

    say_setting("optim sgd lr=0.01");
    train(5);
    amax = seen_of("amax", "fc1.weight");
    say_setting("fp8 scaling delayed history=1");
    train(1);
    cr_expect_eq(seen_of("fp8_scale", "fc1.weight"), (double)(448.0f / (float)amax));
    say_setting("fp8 scaling delayed history=40");
    train(1);
    cr_expect(seen_of("fp8_scale", "fc1.weight") > 1.0);
}

Test(fp8, remembers_a_step_that_was_skipped_too)
{
    train(3);
    say_setting("loss cross-entropy weight=100");
    say_setting("scale dynamic 3e38");
    train(1);
    cr_expect_eq(look()->skipped, 1);
    cr_expect(isinf(seen_of("amax", "fc2.out.grad")));
    cr_expect_str_eq(now.last_skip.tensor, "log_softmax.out.grad");
}

Test(fp8, is_counted_or_not_without_changing_a_bit)
{
    Snapshot first, again;

    train(20);
    first = *look();
    must(session_reset(session));
    say_setting("probe off");
    train(20);
    again = *look();
    expect_same_losses(&first, &again);
}
