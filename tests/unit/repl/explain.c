#include "case.h"

#include "base/text.h"
#include "repl/explain.h"

#include "base/memory.h"
#include "repl/phrase.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void expect_said(Snapshot *snapshot, const char *wanted)
{
    Text text = {0};

    explain(&(Case){.snapshot = snapshot, .trail = &clean}, &text);
    cr_expect_str_eq(text_chars(&text), wanted);
    text_release(&text);
    snapshot_release(snapshot);
    free(snapshot);
}

Test(explain, before_training)
{
    expect_said(snapshot_new(), "nothing was skipped: nothing has been trained yet; try train 20");
}

Test(explain, an_overflow_of_the_forward_pass_which_no_scale_can_help)
{
    Snapshot *snapshot = snapshot_new();
    Text text = {0};

    add_skip(snapshot);
    snapshot->last_skip.forward = true;
    explain(&(Case){.snapshot = snapshot, .trail = &clean}, &text);
    cr_expect_not_null(strstr(text_chars(&text), "That was in the forward pass"));
    text_release(&text);
    snapshot_release(snapshot);
    free(snapshot);
}

Test(explain, a_run_without_skips)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 1234;
    expect_said(snapshot, "nothing was skipped in 1,234 steps, and no gradient is wholly lost");
    snapshot = snapshot_new();
    snapshot->step = 1;
    expect_said(snapshot, "nothing was skipped in 1 step, and no gradient is wholly lost");
}

Test(explain, a_skip_names_tensor_values_limit_and_scale)
{
    Snapshot *snapshot = snapshot_new();

    add_skip(snapshot);
    expect_said(snapshot,
                "10 clean steps since; the last skip: step 1,190 was skipped: 3 of the 32,768 "
                "values of fc2.weight.grad were inf or nan "
                "in fp16, whose largest number is 65504; the largest finite magnitude before the "
                "cast was 6.123e+04. No weight moved, and the loss scale went from 2^16 to 2^15.");
}

Test(explain, a_skip_names_what_was_injected_and_gives_no_advice_against_it)
{
    Snapshot *snapshot = snapshot_new();

    add_skip(snapshot);
    snapshot->last_skip.nonfinite = 0;
    snapshot->last_skip.forward = true;
    text_copy(snapshot->last_skip.injected, sizeof snapshot->last_skip.injected, "nan fc1.out 5");
    expect_said(
        snapshot,
        "10 clean steps since; the last skip: step 1,190 was skipped: fc2.weight.grad held "
        "inf or nan; its values were finite when they were counted. `inject nan fc1.out 5` went "
        "into this step. No weight moved, and the loss scale went from 2^16 to 2^15.");
}

Test(explain, a_skip_says_what_was_not_counted)
{
    Snapshot *snapshot = snapshot_new();

    add_skip(snapshot);
    snapshot->probes = false;
    snapshot->last_skip.nonfinite = 0;
    expect_said(
        snapshot,
        "10 clean steps since; the last skip: step 1,190 was skipped: fc2.weight.grad held "
        "inf or nan; its values were not counted. No weight moved, and the loss scale went "
        "from 2^16 to 2^15. Where it began may not be counted: `probe on` counts everything.");
}

Test(explain, a_static_scale_stays_and_skips_in_a_row_are_counted)
{
    Snapshot *snapshot = snapshot_new();
    Text text = {0};

    add_skip(snapshot);
    snapshot->scaler.mode = SCALER_STATIC;
    snapshot->last_skip.scale_next = snapshot->last_skip.scale_used;
    snapshot->last_skip.in_a_row = 22;
    explain(&(Case){.snapshot = snapshot, .trail = &clean}, &text);
    cr_expect_not_null(strstr(text_chars(&text), "the loss scale stays 2^16; try a smaller one"));
    cr_expect_not_null(strstr(text_chars(&text), "It was the 22nd skip in a row."));
    text_release(&text);
    snapshot_release(snapshot);
    free(snapshot);
}

Test(explain, a_gradient_wholly_lost_comes_before_any_skip)
{
    Snapshot *snapshot = snapshot_new();
    TensorFacts *lost;

    add_skip(snapshot);
    snapshot->scaler.mode = SCALER_OFF;
    snapshot->tensor_count = 2;
    snapshot->tensors = xcalloc(2, sizeof *snapshot->tensors);
    lost = &snapshot->tensors[0];
    *lost = (TensorFacts){.name = "fc2.out.grad",
                          .kind = TENSOR_ACTIVATION_GRAD,
                          .format = FORMAT_FP16,
                          .probed = true,
                          .counts = {.count = 1280, .amax = 1e-9F}};
    lost->counts.classes[CAST_UNDERFLOW] = 1280;
    text_copy(snapshot->tensors[1].starved_by, TENSOR_NAME, "fc2.out.grad");
    expect_said(snapshot,
                "fc2.out.grad is wholly lost in fp16: all 1,280 of its nonzero values became 0, "
                "the largest being 1e-09 where the smallest number is 5.96e-08. 1 tensor behind it "
                "gets only zeros. Try `scale dynamic`, or `autocast bf16`.");
}

Test(phrase, numbers_for_people)
{
    static const struct {
        int64_t number;
        const char *count, *ordinal;
    } cases[] = {{0, "0", "0th"},
                 {1, "1", "1st"},
                 {12, "12", "12th"},
                 {23, "23", "23rd"},
                 {999, "999", "999th"},
                 {1000, "1,000", "1,000th"},
                 {-1234567, "-1,234,567", NULL},
                 {111, "111", "111th"},
                 {102, "102", "102nd"}};
    char text[NUMBER_TEXT];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(phrase_count(cases[i].number, text), cases[i].count);
        if (cases[i].ordinal != NULL)
            cr_expect_str_eq(phrase_ordinal(cases[i].number, text), cases[i].ordinal);
    }
}

Test(phrase, an_experiment_as_it_would_be_typed)
{
    Settings settings = settings_default();
    Text text = {0};

    settings_print(&settings, "; ", &text);
    cr_expect_str_eq(text_chars(&text),
                     "data fashion; net 784 256 128 10; loss cross-entropy; optim adamw lr=0.001; "
                     "batch 64; seed 1; autocast fp16; scale dynamic interval=50; probe on");
    text_clear(&text);
    settings.scaler = (ScalerSpec){.mode = SCALE_DYNAMIC,
                                   .start = 1024.0F,
                                   .growth = 1.5,
                                   .backoff = 0.8,
                                   .interval = 2000,
                                   .hysteresis = 1};
    settings.loss.weight = 1e-4F;
    settings_part(&settings, SETTING_SCALE, &text);
    settings_part(&settings, SETTING_LOSS, &text);
    cr_expect_str_eq(text_chars(&text), "scale dynamic 2^10 growth=1.5 backoff=0.8"
                                        "loss cross-entropy weight=0.0001");
    text_release(&text);
}

static Snapshot *adam_in_fp16(float loss)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 3;
    snapshot->states = FORMAT_FP16;
    snapshot->eps_lost = 1e-8;
    snapshot->batch_loss.value = (double)loss;
    return snapshot;
}

/* Also where the steps since were skipped, for that explains nothing. */
Test(explain, an_eps_that_is_zero_in_the_format_of_adams_states)
{
    Snapshot *snapshot = adam_in_fp16(NAN);

    add_skip(snapshot);
    expect_said(snapshot,
                "Adam's eps 1e-08 is 0 in fp16, in which its moments are kept and whose smallest "
                "number is 5.96e-08: where the square of a gradient underflowed too, the step was "
                "m/0 = inf or 0/0 = nan. The loss is inf or nan since, and no step mends that. Try "
                "optim states=fp32, states=bf16 or eps=1e-4, and `reset`.");
}

Test(explain, which_weight_that_eps_has_broken_before_the_loss_knows)
{
    Snapshot *snapshot = adam_in_fp16(2.3F);
    Text text = {0};

    snapshot->tensors = xcalloc(1, sizeof *snapshot->tensors);
    snapshot->tensor_count = 1;
    text_copy(snapshot->tensors[0].name, sizeof snapshot->tensors[0].name, "fc1.weight");
    snapshot->tensors[0].count = 1280;
    snapshot->tensors[0].broken = 1024;
    explain(&(Case){.snapshot = snapshot, .trail = &clean}, &text);
    cr_expect_not_null(strstr(text_chars(&text), "1,024 of the 1,280 numbers of fc1.weight are"),
                       "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(snapshot);
    free(snapshot);
}

Test(explain, no_eps_while_all_is_well)
{
    expect_said(adam_in_fp16(2.3F),
                "nothing was skipped in 3 steps, and no gradient is wholly lost");
}

static Snapshot *without_masters(const char *rounding)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 1500;
    snapshot->weights = FORMAT_BF16;
    text_copy(snapshot->rounding, sizeof snapshot->rounding, rounding);
    snapshot->tensors = xcalloc(2, sizeof *snapshot->tensors);
    snapshot->tensor_count = 2;
    text_copy(snapshot->tensors[0].name, sizeof snapshot->tensors[0].name, "fc1.bias");
    snapshot->tensors[0].updates = 10;
    snapshot->tensors[0].lost_updates = 6;
    text_copy(snapshot->tensors[1].name, sizeof snapshot->tensors[1].name, "fc1.weight");
    snapshot->tensors[1].updates = 4000;
    snapshot->tensors[1].lost_updates = 3600;
    return snapshot;
}

Test(explain, updates_that_are_lost_to_weights_without_masters)
{
    expect_said(
        without_masters("nearest"),
        "3,600 of the 4,000 updates of fc1.weight in the last step changed no bit of it, being "
        "below half a unit in its last place in bf16. Try `round stochastic`, `round kahan` or "
        "`master on`.");
}

/* By chance they are lost too, but not on average. */
Test(explain, no_lost_updates_where_chance_makes_up_for_them)
{
    expect_said(without_masters("stochastic"),
                "nothing was skipped in 1,500 steps, and no gradient is wholly lost");
}

Test(explain, a_step_that_was_taken_with_inf_and_should_not_have_been)
{
    Snapshot *snapshot = snapshot_new();

    add_skip(snapshot);
    snapshot->scaler.take_all = true;
    snapshot->first_taken = (SkipFacts){.step = 1201, .tensor = "fc1.bias.grad"};
    expect_said(
        snapshot,
        "skip is off, a mistake: a step whose gradients hold inf or nan is taken all the "
        "same, and makes the weights nan. Step 1,201 was, with inf or nan in fc1.bias.grad. "
        "Try `scale skip=on`; weights that are nan need `reset` or `undo` too.");
}

Test(explain, that_the_optimizer_reads_scaled_gradients)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->scaler.leave_scaled = true;
    expect_said(snapshot,
                "unscale is off, a mistake: the optimizer reads gradients that are 2^15 times too "
                "large, as the loss was scaled. Under sgd and momentum the learning rate is larger "
                "by that; adam divides by the gradients' own size and hardly notices. Try `scale "
                "unscale=on`.");
}

Test(explain, that_scaled_gradients_are_clipped_while_the_loss_is_scaled)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->clip = (ClipFacts){.value = true, .most = 0.5, .before_unscale = true};
    expect_said(
        snapshot,
        "gradients are clipped before they are unscaled, a mistake: a limit of 0.5, meant for true "
        "gradients, meets gradients that are 2^15 times too large, so that at most 1.53e-05 is "
        "left of them. Try `clip value 0.5`.");
    snapshot = snapshot_new();
    snapshot->clip = (ClipFacts){.value = true, .most = 0.5, .before_unscale = true};
    snapshot->scaler.mode = SCALER_OFF;
    snapshot->step = 1;
    expect_said(snapshot, "nothing was skipped in 1 step, and no gradient is wholly lost");
}
