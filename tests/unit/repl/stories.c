#include "case.h"

#include "base/memory.h"
#include "repl/explain.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(stories, none_is_told_of_a_run_before_its_first_step)
{
    for (const Story *const *story = story_table; *story != NULL; story++) {
        cr_expect_eq(story_find((*story)->name), *story);
        expect_untold((*story)->name, snapshot_new());
    }
    cr_expect_null(story_find("magic"));
}

Test(stories, a_forward_overflow_no_scale_can_help)
{
    Snapshot *snapshot = just_skipped(3);

    snapshot->last_skip.forward = true;
    text_copy(snapshot->last_skip.tensor, TENSOR_NAME, "fc1.out");
    expect_told(
        "forward", snapshot, &clean,
        "That is in the forward pass, which the loss scale does not touch: at any scale the "
        "same values overflow. It is 2^15 now and will fall without end (the 3rd skip in a "
        "row).");
    expect_untold("forward", just_skipped(3));
}

Test(stories, a_scale_that_falls_says_how_far_it_has_to)
{
    Snapshot *snapshot = just_skipped(10);

    snapshot->last_skip.amax = 65504.0F * 6.0F;
    expect_told(
        "falling", snapshot, &clean,
        "10 skips in a row took the loss scale from 2^25 to 2^15. fc2.weight.grad was 6 times "
        "too large: that takes 2 more skips, or `sweep scale`");
    expect_untold("falling", just_skipped(3));
    snapshot = just_skipped(3);
    snapshot->scaler.scale = 0.25F;
    expect_told("falling", snapshot, &clean, "Below 1 it makes gradients smaller than they are.");
}

/* 20 skips at 2^16, which did not move. */
static Snapshot *held(float times)
{
    Snapshot *snapshot = just_skipped(20);

    snapshot->last_skip.scale_begun = snapshot->last_skip.scale_next = 65536.0F;
    snapshot->last_skip.amax = 65504.0F * times;
    snapshot->scaler.scale = 65536.0F;
    return snapshot;
}

Test(stories, a_scale_that_is_held_is_not_said_to_fall)
{
    Snapshot *snapshot = held(6.0F);

    snapshot->scaler.hysteresis = 100;
    snapshot->scaler.spent = 20;
    expect_told("falling", snapshot, &clean,
                "20 skips in a row leave the loss scale at 2^16. fc2.weight.grad was 6 times too "
                "large: that takes 82 more skips, of which hysteresis bears 79, or `sweep scale`");
    snapshot = held(6.0F);
    snapshot->scaler.floor = 32768.0F;
    expect_told("falling", snapshot, &clean,
                "that never fits, as the loss scale ends its fall at its floor of 2^15, and every "
                "step will be skipped. Try `scale floor=0`.");
    snapshot = just_skipped(10);
    snapshot->last_skip.scale_begun = 0.0F; /* a file that does not tell */
    snapshot->last_skip.amax = 65504.0F * 1.5F;
    expect_told("falling", snapshot, &clean,
                "10 skips in a row leave the loss scale at 2^15. fc2.weight.grad was 1.5 times too "
                "large: now it fits.");
}

Test(stories, an_injected_overflow_says_nothing_of_the_scale)
{
    Snapshot *snapshot = held(6.0F);

    text_copy(snapshot->last_skip.injected, INJECTED_TEXT, "inf fc1.out");
    expect_told("falling", snapshot, &clean,
                "20 skips in a row leave the loss scale at 2^16. `inject inf fc1.out` went into "
                "the last of them: what fits is not known.");
}

Test(stories, a_scale_without_use_is_told_and_one_in_use_is_not)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->autocast = FORMAT_BF16;
    expect_told("idle", snapshot, &clean, "2^15 under bf16, which has the exponents of fp32");
    snapshot = snapshot_new();
    snapshot->autocast = FORMAT_BF16;
    snapshot->scaler.mode = SCALER_OFF;
    expect_untold("idle", snapshot);
}

Test(stories, a_scale_at_the_end_of_fp32)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->scaler.scale = 0x1p127F;
    expect_told("capped", snapshot, &clean,
                "The loss scale is 2^127, and twice as much is no fp32");
}

Test(stories, a_tracker_past_its_interval_never_grows)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->scaler.tracker = 50;
    expect_told("stuck", snapshot, &clean, "50 clean steps were counted, and the interval is 50");
}

Test(stories, the_last_growth_and_whether_it_was_too_much)
{
    Snapshot *snapshot = just_skipped(1);

    events_add(&snapshot->events, EVENT_GROWTH, 1189, "loss scale %s after 50 clean steps",
               "2^15 -> 2^16");
    snapshot->scaler.growths = 1;
    expect_told("growth", snapshot, &clean,
                "At step 1,189: loss scale 2^15 -> 2^16 after 50 clean steps. It has grown 1 time. "
                "The very next step overflowed, so that was too much");
}

static Snapshot *with_weight(double moved, int64_t nonzero, int64_t lost)
{
    Snapshot *snapshot = snapshot_new();
    TensorFacts *weight, *grad;

    snapshot->step = 60;
    snapshot->lr = 0.001;
    snapshot->tensor_count = 2;
    snapshot->tensors = xcalloc(2, sizeof *snapshot->tensors);
    weight = &snapshot->tensors[0];
    grad = &snapshot->tensors[1];
    *weight = (TensorFacts){.name = "fc1.weight", .kind = TENSOR_WEIGHT, .moved = {.value = moved}};
    *grad = (TensorFacts){.name = "fc1.weight.grad",
                          .kind = TENSOR_WEIGHT_GRAD,
                          .format = FORMAT_FP16,
                          .probed = true,
                          .moved = {.none = true},
                          .counts = {.count = 100, .mass = 100.0, .lost_mass = (double)lost}};
    grad->counts.classes[CAST_ZERO] = 100 - nonzero;
    grad->counts.classes[CAST_UNDERFLOW] = lost;
    grad->counts.classes[CAST_NORMAL] = nonzero - lost;
    return snapshot;
}

Test(stories, weights_that_do_not_move_and_why)
{
    Snapshot *snapshot = with_weight(0.0, 0, 0);

    expect_untold("weights", with_weight(0.5, 100, 0));
    expect_told("weights", snapshot, &clean,
                "Not a bit of fc1.weight has moved in 60 steps. Its "
                "gradient is all zeros before its cast");
    expect_told("weights", with_weight(0.0, 100, 100), &clean,
                "became 0 in its own cast: why lost");
    expect_told("weights", with_weight(0.0, 100, 3), &clean, "raise lr");
    snapshot = with_weight(0.0, 0, 0);
    text_copy(snapshot->tensors[1].starved_by, TENSOR_NAME, "fc2.out.grad");
    expect_told("weights", snapshot, &clean, "everything was lost in the cast of fc2.out.grad");
    snapshot = with_weight(0.0, 100, 0);
    snapshot->lr = 0.0;
    expect_told("weights", snapshot, &clean, "The learning rate is 0");
    snapshot = with_weight(0.0, 100, 0);
    snapshot->tensors[1].probed = false;
    expect_told("weights", snapshot, &clean, "Its gradient is not counted");
    snapshot = with_weight(0.0, 100, 0);
    snapshot->skipped = 60;
    expect_told("weights", snapshot, &clean, "all 60 steps were skipped");
}

static Snapshot *clipped(ClipFacts clip, double coef, float amax)
{
    Snapshot *snapshot = with_weight(0.0, 100, 3);

    snapshot->clip = clip;
    snapshot->clip_coef = (Measure){.value = coef};
    snapshot->tensors[1].scaled = true;
    snapshot->tensors[1].counts.amax = amax;
    return snapshot;
}

Test(stories, weights_that_clipping_holds_still)
{
    ClipFacts norm = {.norm = true, .most = 1e-9}, value = {.value = true, .most = 1e-9};

    expect_told("weights", clipped(norm, 1e-8, 32.0F), &clean,
                "Its gradient arrives, at most 32 as stored; `clip norm 1e-09` leaves 1e-08 of it, "
                "less than the weights can take up: try `clip off`, or a larger norm.");
    expect_told("weights", clipped(norm, 0.9, 32.0F), &clean, "raise lr");
    expect_told("weights", clipped(value, 1.0, 32.768F), &clean, "`clip value 1e-09` leaves 1e-06");
    value.most = 1.0;
    expect_told("weights", clipped(value, 1.0, 32.0F), &clean, "raise lr");
    value.before_unscale = true;
    expect_told("weights", clipped(value, 1.0, 32.0F), &clean, "`clip value 1` leaves 0.0312");
    expect_told("weights", clipped((ClipFacts){0}, 0.0, 32.0F), &clean, "raise lr");
}

Test(stories, a_gradient_that_loses_a_part)
{
    expect_told(
        "underflow", with_weight(0.5, 100, 8), &clean,
        "fc1.weight.grad loses 8.0% of its mass in fp16: 8 of its 100 nonzero values became "
        "0.");
    expect_untold("underflow", with_weight(0.5, 100, 1));
    expect_untold("lost", with_weight(0.5, 100, 8));
    expect_told("lost", with_weight(0.5, 100, 100), &clean, "wholly lost in fp16");
}

static Snapshot *with_losses(float from, float to)
{
    Snapshot *snapshot = with_weight(0.5, 100, 0);

    for (int step = 1; step <= 60; step++) {
        float share = (float)step / 60.0F;
        StepRecord record = {.step = step, .loss = from + (to - from) * share, .scale_used = 1.0F};

        history_add(&snapshot->history, &record);
    }
    return snapshot;
}

Test(stories, a_loss_that_does_not_fall_and_why)
{
    Snapshot *snapshot;

    expect_untold("loss", with_losses(2.0F, 1.0F));
    expect_told(
        "loss", with_losses(2.0F, 2.0F), &clean,
        "its mean was 2 over the first quarter of the run and is 2 over the last. Gradients "
        "arrive (norm 0) and weights move, so precision is not to blame");
    snapshot = with_losses(2.0F, 2.0F);
    snapshot->tensors[0].moved.value = 0.0;
    expect_told("loss", snapshot, &clean, "why weights");
    snapshot = with_losses(2.0F, 2.0F);
    snapshot->skipped = 45;
    expect_told("loss", snapshot, &clean, "75.0% of the steps were skipped: why skip.");
}

Test(stories, further_ones_are_named)
{
    Snapshot *snapshot = just_skipped(10);
    Text names = {0};

    snapshot->autocast = FORMAT_BF16;
    cr_expect(explain_further(&(Case){snapshot, &clean}, &names));
    cr_expect_str_eq(text_chars(&names), "skip, idle");
    text_release(&names);
    snapshot_free(snapshot);
}
