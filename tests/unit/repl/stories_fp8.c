/* Stories of what is forced into a low format, and of fp8. */
#include "case.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

static Snapshot *forced(Format autocast, const char *words, bool norms, bool unstable)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 3;
    snapshot->autocast = autocast;
    text_copy(snapshot->policy.forced, sizeof snapshot->policy.forced, words);
    snapshot->policy.norms = norms;
    snapshot->policy.unstable = unstable;
    return snapshot;
}

Test(stories_fp8, what_is_forced_into_a_low_format_is_a_mistake)
{
    Snapshot *both = forced(FORMAT_FP16, "layernorm", true, false);

    expect_told("mistakes", forced(FORMAT_FP16, "layernorm", true, false), &clean,
                "layernorm in fp16 is a mistake: PyTorch's autocast computes that in fp32, and "
                "here each operation within it is rounded to 10 bits of mantissa. Squares overflow "
                "from 256 on, and layernorm gives such a row as zeros. Try `autocast force=none`.");
    expect_told("mistakes", forced(FORMAT_FP16, "softmax", false, true), &clean,
                "softmax takes exp of the logits as they are: from 11.1 on it overflows fp16, inf "
                "/ inf is nan, and the step is skipped. Try `autocast force=none`.");
    expect_told("mistakes", forced(FORMAT_BF16, "layernorm", true, false), &clean,
                "rounded to 7 bits of mantissa. Try `autocast force=none`.");
    both->scaler.scale = 65536.0F;
    both->scaler.leave_scaled = true;
    expect_told("mistakes", both, &clean,
                "Try `autocast force=none`. And unscale is off, a mistake");
    expect_untold("mistakes", forced(FORMAT_FP16, "", false, false));
}

static Snapshot *cast_to_fp8(Format format, const char *fp8, CastCounts counts)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->step = 3;
    snapshot->autocast = FORMAT_E4M3;
    text_copy(snapshot->fp8, sizeof snapshot->fp8, fp8);
    snapshot->tensors = xcalloc(1, sizeof *snapshot->tensors);
    snapshot->tensor_count = 1;
    snapshot->tensors[0] = (TensorFacts){.name = "fc1.out.grad",
                                         .kind = TENSOR_ACTIVATION_GRAD,
                                         .format = format,
                                         .probed = true,
                                         .fp8_scale = 448.0F,
                                         .fp8_amax = 10.0F,
                                         .counts = counts};
    return snapshot;
}

Test(stories_fp8, a_spike_behind_a_calm_history_is_clamped)
{
    const CastCounts spike = {.count = 1000, .classes = {[CAST_OVERFLOW] = 2}};
    const CastCounts none = {.count = 1000, .classes = {[CAST_NORMAL] = 1000}};

    expect_told("clamped", cast_to_fp8(FORMAT_E4M3, "scaling delayed", spike), &clean,
                "2 of the 1,000 values of fc1.out.grad were clamped to 1: times its scale of 448, "
                "e4m3 holds no more, and the largest was 10. delayed scaling goes by the steps "
                "before, and learns of it for the next. Try `fp8 scaling current`, or a margin.");
    expect_told("clamped", cast_to_fp8(FORMAT_E5M2, "scaling none", spike), &clean,
                "e5m2 holds no more, and the largest was 10. Try `fp8 scaling current`.");
    expect_untold("clamped", cast_to_fp8(FORMAT_E4M3, "scaling delayed", none));
}

Test(stories_fp8, what_fp8_loses_no_loss_scale_is_to_rescue)
{
    const CastCounts lost = {
        .count = 8, .classes = {[CAST_UNDERFLOW] = 8}, .amax = 1e-4F, .mass = 1, .lost_mass = 1};
    const CastCounts part = {.count = 8,
                             .classes = {[CAST_UNDERFLOW] = 4, [CAST_NORMAL] = 4},
                             .histogram = {8},
                             .amax = 1.0F,
                             .mass = 1,
                             .lost_mass = 0.5};

    expect_told("lost", cast_to_fp8(FORMAT_E4M3, "scaling none", lost), &clean,
                "Its cast multiplies by 448; try `fp8 backward=e5m2`, whose exponents reach "
                "further, or `fp8 scaling current`.");
    expect_told("underflow", cast_to_fp8(FORMAT_E5M2, "scaling none", part), &clean,
                "Its cast multiplies by 448; try `fp8 scaling current`.");
}

static Snapshot *scaled(const char *fp8)
{
    Snapshot *snapshot = snapshot_new();

    snapshot->autocast = FORMAT_E4M3;
    text_copy(snapshot->fp8, sizeof snapshot->fp8, fp8);
    return snapshot;
}

Test(stories_fp8, a_loss_scale_is_idle_where_casts_have_their_own)
{
    expect_told("idle", scaled("scaling delayed"), &clean,
                "under fp8, whose casts have scales of their own: a scale rescues nothing there");
    expect_untold("idle", scaled("scaling none"));
}
