#include "case.h"

#include "repl/explain.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const Trail broken = {.tensor = "fc1.weight.fp16",
                             .op = "cast",
                             .phase = "cast",
                             .format = FORMAT_FP16,
                             .nonfinite = 3,
                             .count = 512,
                             .amax = 60000.0F,
                             .weight = "fc1.weight",
                             .weight_nonfinite = 2,
                             .weight_count = 512,
                             .weights = 2};

Test(stories, weights_that_hold_nan_are_beyond_any_scale)
{
    Snapshot *snapshot = just_skipped(10);

    snapshot->last_skip.forward = true; /* the cast of the weight */
    expect_told("falling", snapshot, &broken,
                "It will fall for ever, as fc1.weight holds inf or nan");
    snapshot = snapshot_new();
    snapshot->step = 9;
    snapshot->scaler.mode = SCALER_OFF;
    expect_told(
        "nan", snapshot, &broken,
        "2 of the 512 values of fc1.weight are inf or nan, and 1 more tensor of weights holds "
        "some. Scaling is off, so nobody looks at gradients before a step is taken. In the "
        "last step it began at `cast` fc1.weight.fp16, in the phase cast: 3 of its 512 values "
        "are inf or nan in fp16, whose largest number is 65504; the largest finite one is "
        "6e+04. No scale mends weights: go back with `reset`, `undo` or `load`, then try "
        "`scale dynamic`, or `autocast bf16`.");
    snapshot = snapshot_new();
    snapshot->step = 9;
    snapshot->batch_loss = (Measure){.value = HUGE_VAL};
    expect_told("nan", snapshot, &clean, "The loss of the last step is inf, and no weight is");
}

static Snapshot *loss_is_nan(void)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 9;
    snapshot->batch_loss = (Measure){.value = (double)NAN};
    return snapshot;
}

Test(stories, a_loss_that_is_nan_is_laid_to_the_mistake_that_is_at_work)
{
    static const Trail exp_of_logits = {.tensor = "log_softmax.out",
                                        .op = "log_softmax",
                                        .phase = "loss",
                                        .format = FORMAT_FP16,
                                        .nonfinite = 3,
                                        .count = 640};
    Snapshot *snapshot = loss_is_nan();

    text_copy(snapshot->policy.forced, POLICY_TEXT, "softmax");
    expect_told("nan", snapshot, &exp_of_logits,
                "softmax is forced into fp16, a mistake: try `autocast force=none`.");
    snapshot = loss_is_nan();
    text_copy(snapshot->policy.forced, POLICY_TEXT, "layernorm");
    expect_told("nan", snapshot, &exp_of_logits, "The forward pass has no loss scale");
    snapshot = loss_is_nan();
    snapshot->scaler.scale = 1024.0F;
    snapshot->scaler.leave_scaled = true;
    expect_told("nan", snapshot, &exp_of_logits,
                "Unscale is off, a mistake: the optimizer reads gradients that are 2^10 times too "
                "large. Try `scale unscale=on`, and `reset`.");
}

static Snapshot *injected(int64_t step)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 9;
    snapshot->injected.step = step;
    text_copy(snapshot->injected.what, sizeof snapshot->injected.what, "inf fc1.out");
    snapshot->batch_loss = (Measure){.value = HUGE_VAL};
    return snapshot;
}

Test(stories, what_was_injected_is_not_blamed_on_the_training)
{
    static const Trail one = {
        .weight = "b", .weight_nonfinite = 1, .weight_count = 4, .weights = 1};
    Snapshot *snapshot = injected(8);

    expect_told("nan", injected(9), &clean,
                "and no weight is: the run can still be saved. `inject inf fc1.out` went into step "
                "9, so the training is not to blame. The next step is without it.");
    expect_told("nan", injected(8), &clean, "a smaller learning rate");
    expect_told("nan", snapshot, &one,
                "1 of the 4 values of b is inf or nan. `inject inf fc1.out` went into step 8, so "
                "the training is not to blame. No scale mends weights: go back with `reset`, "
                "`undo` or `load`.");
    snapshot = just_skipped(3);
    snapshot->last_skip.forward = true;
    text_copy(snapshot->last_skip.injected, INJECTED_TEXT, "inf fc1.out");
    expect_told("forward", snapshot, &clean,
                "`inject inf fc1.out` went into this step. That is in the forward pass, and the "
                "next step is without it.");
}

Test(stories, one_value_is_and_several_are)
{
    static const Trail one = {.tensor = "fc1.out",
                              .op = "linear",
                              .phase = "forward",
                              .format = FORMAT_FP16,
                              .nonfinite = 1,
                              .count = 64,
                              .amax = 2.0F};
    Snapshot *snapshot = injected(0);

    expect_told("nan", snapshot, &one, "1 of its 64 values is inf or nan in fp16");
    snapshot = just_skipped(1);
    snapshot->last_skip.nonfinite = 1;
    expect_told("skip", snapshot, &clean,
                "1 of the 32,768 values of fc2.weight.grad was inf or nan");
}

static Snapshot *with_skip_off(void)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 2;
    snapshot->scaler.take_all = true;
    snapshot->first_taken.step = 1;
    text_copy(snapshot->first_taken.tensor, TENSOR_NAME, "fc2.weight.grad");
    return snapshot;
}

Test(stories, a_step_that_was_taken_with_inf_is_why_weights_are_nan)
{
    static const Trail one = {
        .weight = "b", .weight_nonfinite = 4, .weight_count = 4, .weights = 1};
    Snapshot *snapshot = with_skip_off();

    expect_told("nan", with_skip_off(), &one,
                "Step 1 was taken with inf or nan in fc2.weight.grad, as skip was off, a mistake. "
                "No scale mends weights: go back with `reset`, `undo` or `load`, then try "
                "`scale skip=on`.");
    snapshot->scaler.take_all = false;
    expect_told("nan", snapshot, &one, "with `reset`, `undo` or `load`.");
    snapshot = with_skip_off();
    text_copy(snapshot->first_taken.injected, INJECTED_TEXT, "inf fc2.weight.grad");
    expect_told("mistakes", snapshot, &clean,
                "Step 1 was, with inf or nan in fc2.weight.grad. `inject inf fc2.weight.grad` went "
                "into this step.");
}

static Snapshot *with_mistakes(float scale, bool leave_scaled, bool norm, bool before_unscale)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 3;
    snapshot->scaler.scale = scale;
    snapshot->scaler.leave_scaled = leave_scaled;
    snapshot->clip = (ClipFacts){.norm = norm, .most = 0.1, .before_unscale = before_unscale};
    return snapshot;
}

Test(stories, gradients_that_are_not_unscaled_are_bounded_where_they_are_clipped)
{
    static const char *const bounded =
        "unscale is off, a mistake: gradients are 2^16 times too large when `clip norm 0.1` meets "
        "them, and the optimizer reads what that leaves, a norm of at most 0.1. Try "
        "`scale unscale=on`.";
    Snapshot *snapshot = with_mistakes(65536.0F, true, true, true);
    Text text = {0};

    expect_told("mistakes", with_mistakes(65536.0F, true, true, false), &clean, bounded);
    cr_expect(mistakes_story.tell(&(Case){snapshot, &clean}, &text));
    cr_expect_str_eq(text_chars(&text), bounded);
    text_release(&text);
    snapshot_free(snapshot);
}

Test(stories, a_mistake_with_the_scale_depends_on_the_scale)
{
    expect_told("mistakes", with_mistakes(0.0625F, true, false, false), &clean,
                "gradients that are 16 times too small, as the loss was scaled. Under sgd and "
                "momentum the learning rate is smaller by that");
    expect_told("mistakes", with_mistakes(0.0625F, false, true, true), &clean,
                "meets gradients that are 16 times too small, so that at most 1.6 is left");
    expect_told("mistakes", with_mistakes(1024.0F, false, true, true), &clean,
                "2^10 times too large, so that at most 9.77e-05 is left");
    expect_untold("mistakes", with_mistakes(1.0F, true, false, false));
    expect_untold("mistakes", with_mistakes(1.0F, false, true, true));
    expect_untold("mistakes", with_mistakes(1024.0F, false, false, true)); /* clip off */
    expect_untold("mistakes", with_mistakes(1024.0F, false, true, false));
}

Test(stories, what_just_happened_is_told_before_a_mistake_that_is_set)
{
    static const Trail one = {
        .weight = "b", .weight_nonfinite = 4, .weight_count = 4, .weights = 1};
    Snapshot *snapshot = just_skipped(12);
    Text text = {0}, names = {0};

    snapshot->clip = (ClipFacts){.norm = true, .most = 1.0, .before_unscale = true};
    explain(&(Case){snapshot, &clean}, &text);
    cr_expect_eq(strncmp(text_chars(&text), "12 skips in a row", 17), 0, "%s", text_chars(&text));
    cr_expect(explain_further(&(Case){snapshot, &clean}, &names));
    cr_expect_str_eq(text_chars(&names), "mistakes, skip");
    text_release(&text);
    text_release(&names);
    snapshot->last_skip.step = 0;
    snapshot->scaler.leave_scaled = true;
    expect_told("nan", snapshot, &one, "then try `scale unscale=on`.");
}

Test(stories, running_statistics_that_a_skipped_step_spoilt_matter_to_held_out_examples_alone)
{
    static const Trail spoilt = {.running = "bn1.running_mean"};

    expect_told(
        "running", just_skipped(1), &spoilt,
        "bn1.running_mean holds inf or nan for good: a forward pass that had some moved it, "
        "and a step that is skipped keeps the weights alone. Training takes mean and "
        "variance of each batch and goes on; held-out examples take the running ones");
    expect_untold("running", just_skipped(1));
    expect_untold("nan", just_skipped(1));
}
