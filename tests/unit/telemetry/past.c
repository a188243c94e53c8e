#include "telemetry/past.h"

#include "telemetry/expr.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static TensorFacts weights[] = {
    {.name = "fc1.weight", .kind = TENSOR_WEIGHT, .moved = {.value = 0.25}},
};

static Snapshot *run_new(int64_t step, double loss)
{
    Snapshot *run = calloc(1, sizeof *run);

    run->step = step;
    run->loss = (Measure){.value = loss};
    run->autocast = FORMAT_FP16;
    run->scaler = (ScalerFacts){.mode = SCALER_DYNAMIC, .scale = 1024.0F, .growths = 2};
    text_copy(run->optim, sizeof run->optim, "adamw lr=0.001");
    run->tensors = malloc(sizeof weights);
    memcpy(run->tensors, weights, sizeof weights);
    run->tensor_count = 1;
    return run;
}

static void add(Past *past, int64_t step, double loss)
{
    Snapshot *run = run_new(step, loss);

    past_add_run(past, run);
    snapshot_release(run);
    free(run);
}

static void expect(const Past *past, const char *text, const char *wanted)
{
    Snapshot *now = calloc(1, sizeof *now);
    Expr *expr = NULL;
    Text line = {0};
    Status status = expr_read(text, NULL, &expr);

    now->past = past;
    if (!failed(status))
        status = expr_print(expr, now, &line);
    cr_expect_str_eq(failed(status) ? status.text : text_chars(&line), wanted, "%s: %s", text,
                     failed(status) ? status.text : text_chars(&line));
    expr_free(expr);
    text_release(&line);
    free(now);
}

Test(past, trainings_that_ended_answer_every_metric)
{
    Past past = {.start = NULL};

    add(&past, 20, 0.5);
    add(&past, 40, 0.25);
    expect(&past, "count(runs)", "2");
    expect(&past, "last_run.step, last_run.loss, last_run.scale", "40\t0.25\t1024");
    expect(&past, "runs[1].moved(\"fc1.weight\")", "0.25");
    expect(&past, "last_run.autocast, last_run.scaling, last_run.optim", "fp16\tdynamic\tadamw");
    expect(&past, "any(runs, function(r) return r.loss < 0.3 and r.growths == 2 end)", "true");
    expect(&past, "any(runs, function(r) return r.loss < 0.1 end)", "false");
    expect(&past, "count(runs, function(r) return r.step > 10 end)", "2");
    expect(&past, "least(runs, function(r) return r.loss end)", "0.25");
    expect(&past, "most(runs, function(r) return r.step < 30 and r.loss end)", "0.5");
    expect(&past, "mean(runs, function(r) return r.step end)", "30");
    expect(&past, "sd({1, 3})", "1.4142135623730951");
    past_release(&past);
}

Test(past, where_nothing_has_ended_there_is_none)
{
    Past past = {.start = NULL};

    expect(&past, "count(runs)", "0");
    expect(&past, "last_run.loss", "none");
    expect(&past, "last_run.loss < 1", "false");
    expect(&past, "last_run.moved(\"fc1.weight\")", "none");
    expect(&past, "least(runs, function(r) return r.loss end) < 1", "false");
    expect(&past, "start.step", "none");
}

Test(past, it_begins_from_a_state_and_forgets_what_was_before)
{
    Past past = {.start = NULL};
    Snapshot *run = run_new(7, 2.0);

    add(&past, 20, 0.5);
    past_add_look(&past, 0.1);
    past_begin(&past, run);
    expect(&past, "start.step, count(runs), count(looked)", "7\t0\t0");
    past_add_look(&past, 3e-8);
    expect(&past, "any(looked, function(x) return fp16(x) > 0 and x < 2^-24 end)", "true");
    snapshot_release(run);
    free(run);
    past_release(&past);
}

static void add_sum(Past *past, const char *format, double value)
{
    PastSum sum = {.of = {[PAST_SUM_FORMAT] = {.word = format},
                          [PAST_SUM_VALUE] = {.value = value},
                          [PAST_SUM_STALLS_AT] = {.none = true}}};

    past_add_sum(past, &sum);
}

Test(past, sums_that_were_shown_answer_by_their_fields)
{
    Past past = {.start = NULL};

    expect(&past, "count(sums)", "0");
    add_sum(&past, "fp16", 2048.0);
    add_sum(&past, "bf16", 256.0);
    expect(&past, "count(sums), sums[2].format, sums[2].value", "2\tbf16\t256");
    expect(&past, "any(sums, function(s) return s.format == \"fp16\" and s.value == 2048 end)",
           "true");
    expect(&past, "any(sums, function(s) return s.stalls_at >= 0 end)", "false");
    expect(&past, "any(sums, function(s) return s.valu == 1 end)",
           "there is no 'valu' here; did you mean value?");
    for (int i = 0; i < PAST_SUMS; i++)
        add_sum(&past, "tf32", 1.0);
    expect(&past, "count(sums), any(sums, function(s) return s.format == \"bf16\" end)",
           "64\tfalse");
    past_release(&past);
}

Test(past, what_a_sum_has_not_is_said_with_what_it_has)
{
    static const char has[] =
        "a sum has no 'loss'; it has format, accumulate, order, terms, value, "
        "exact, error, lost, stalls_at or nonfinite_at";
    Past past = {.start = NULL};

    add_sum(&past, "fp16", 2048.0);
    add(&past, 20, 0.5);
    expect(&past, "sums[1].loss", has);
    expect(&past, "any(sums, function(s) return s.loss > 1 end)", has);
    expect(&past, "sums[2] == nil, runs[2] == nil, looked[1] == nil", "true\ttrue\ttrue");
    expect(&past, "runs[2].loss",
           "a list was asked beyond its end; count(LIST) says how many it has");
    expect(&past, "sums.value",
           "a list has no 'value'; ask one of it, as in runs[1].loss or sums[1].value");
    expect(&past, "runs.loss",
           "a list has no 'loss'; ask one of it, as in runs[1].loss or sums[1].value");
    past_release(&past);
}

Test(past, the_oldest_runs_leave)
{
    Past past = {.start = NULL};

    for (int i = 1; i <= PAST_RUNS + 3; i++)
        add(&past, i, 1.0);
    cr_expect_null(past_run(&past, 2));
    cr_expect_eq(past_run(&past, 3)->step, 4);
    expect(&past, "count(runs), runs[1].step", "32\t4");
    past_release(&past);
}

Test(past, a_slip_in_a_field_is_named_before_it_is_asked)
{
    expect(NULL, "any(runs, function(r) return r.los < 1 end)",
           "there is no 'los' here; did you mean loss?");
}

Test(past, while_a_training_goes_on_it_is_not_known)
{
    expect(NULL, "count(runs)",
           "runs, last_run, looked, sums and start are known at the prompt and in lessons, and not "
           "while a training goes on");
}

Test(past, numbers_are_stored_as_each_format_does)
{
    expect(NULL, "fp16(1e-8), fp16(3e-8), fp16(65519), fp16(65520)",
           "0\t5.9604644775390625e-08\t65504\tinf");
    expect(NULL, "bf16(257), tf32(0.1), e4m3(17), e5m2(pi)", "256\t0.0999755859375\t16\t3");
    expect(NULL, "isfinite(fp16(65520)), isfinite(1), isfinite(none)", "false\ttrue\tfalse");
}
