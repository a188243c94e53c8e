/* Mistakes with a scaler that are at work: each says what it does, and what ends it. */
#include "repl/stories.h"

#include "base/number.h"
#include "repl/phrase.h"

#include <stdio.h>

enum { WORDS_TEXT = NUMBER_TEXT + 24 };

static void tell_taken(const Snapshot *snapshot, Text *text)
{
    const SkipFacts *taken = &snapshot->first_taken;
    char number[NUMBER_TEXT];

    text_append(text, "skip is off, a mistake: a step whose gradients hold inf or nan is taken all "
                      "the same, and makes the weights nan. ");
    if (taken->step > 0)
        text_printf(text, "Step %s was, with inf or nan in %s. ", phrase_count(taken->step, number),
                    taken->tensor);
    story_injected(taken, text);
    text_append(text, "Try `scale skip=on`; weights that are nan need `reset` or `undo` too.");
}

/* "2^16 times too large" */
static const char *times_off(double scale, char words[WORDS_TEXT])
{
    char number[NUMBER_TEXT];

    snprintf(words, WORDS_TEXT, "%s times too %s",
             number_friendly(scale > 1.0 ? scale : 1.0 / scale, number),
             scale > 1.0 ? "large" : "small");
    return words;
}

static bool is_clipped(const Snapshot *snapshot)
{
    return snapshot->clip.norm || snapshot->clip.value;
}

/* Whatever they were, clipping bounds them. */
static void tell_scaled_and_clipped(const Snapshot *snapshot, Text *text)
{
    const ClipFacts *clip = &snapshot->clip;
    char words[WORDS_TEXT], most[NUMBER_TEXT];

    number_shortest(clip->most, most);
    text_printf(text,
                "unscale is off, a mistake: gradients are %s when `clip %s %s` meets them, and the "
                "optimizer reads what that leaves, ",
                times_off((double)snapshot->scaler.scale, words), clip->norm ? "norm" : "value",
                most);
    text_printf(text, "%s of at most %s. Try `scale unscale=on`.",
                clip->norm ? "a norm" : "magnitudes", most);
}

static void tell_scaled(const Snapshot *snapshot, Text *text)
{
    double scale = (double)snapshot->scaler.scale;
    char words[WORDS_TEXT];

    text_printf(text,
                "unscale is off, a mistake: the optimizer reads gradients that are %s, as the loss "
                "was scaled. Under sgd and momentum the learning rate is %s by that; adam divides "
                "by the gradients' own size and hardly notices. Try `scale unscale=on`.",
                times_off(scale, words), scale > 1.0 ? "larger" : "smaller");
}

static void tell_clipped(const Snapshot *snapshot, Text *text)
{
    const ClipFacts *clip = &snapshot->clip;
    char most[NUMBER_TEXT], words[WORDS_TEXT];

    text_printf(
        text,
        "gradients are clipped before they are unscaled, a mistake: a limit of %s, meant for true "
        "gradients, meets gradients that are %s, ",
        number_shortest(clip->most, most), times_off((double)snapshot->scaler.scale, words));
    text_printf(text, "so that at most %.3g is left of them. Try `clip %s %s`.",
                clip->most / (double)snapshot->scaler.scale, clip->norm ? "norm" : "value", most);
}

static void tell_forced(const Snapshot *snapshot, Text *text)
{
    const PolicyFacts *policy = &snapshot->policy;
    const FormatInfo *format = &format_table[snapshot->autocast];

    text_printf(text,
                "%s in %s is a mistake: PyTorch's autocast computes that in fp32, and here each "
                "operation within it is rounded to %d bits of mantissa. ",
                policy->forced, format->name, format->mantissa_bits);
    if (policy->norms && snapshot->autocast == FORMAT_FP16)
        text_append(text,
                    "Squares overflow from 256 on, and layernorm gives such a row as zeros. ");
    if (policy->unstable)
        text_append(text, "softmax takes exp of the logits as they are: from 11.1 on it overflows "
                          "fp16, inf / inf is nan, and the step is skipped. ");
    text_append(text, "Try `autocast force=none`.");
}

/* A scale of 1 takes the effect from both, and one of 0 leaves nothing to be told apart. */
static bool scale_matters(const ScalerFacts *scaler)
{
    return scaler->mode != SCALER_OFF && scaler->scale != 1.0F && scaler->scale > 0.0F;
}

static bool tell_mistakes(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    bool scaled = snapshot->scaler.leave_scaled && scale_matters(&snapshot->scaler);
    bool clipped =
        snapshot->clip.before_unscale && is_clipped(snapshot) && scale_matters(&snapshot->scaler);

    bool forced = snapshot->policy.forced[0] != '\0', taken = snapshot->scaler.take_all;

    if (forced)
        tell_forced(snapshot, text);
    if (forced && (taken || scaled || clipped))
        text_append(text, " And ");
    if (taken)
        tell_taken(snapshot, text);
    if (taken && (scaled || clipped))
        text_append(text, " And ");
    if (scaled && is_clipped(snapshot))
        tell_scaled_and_clipped(snapshot, text);
    else if (scaled)
        tell_scaled(snapshot, text);
    else if (clipped)
        tell_clipped(snapshot, text);
    return forced || taken || scaled || clipped;
}

const Story mistakes_story = {
    .name = "mistakes",
    .text = "scale skip=off, scale unscale=off, clip when=before-unscale, autocast force=: on "
            "purpose, or not",
    .otherwise = "none of them is at work: steps are skipped, gradients are unscaled before they "
                 "are clipped, or the loss scale is 1, and autocast keeps to PyTorch's lists",
    .tell = tell_mistakes,
};
