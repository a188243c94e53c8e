/* Mistakes with a scaler that are at work: each says what it does, and what ends it. */
#include "repl/stories.h"

#include "base/number.h"
#include "repl/phrase.h"

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

static void tell_scaled(const Snapshot *snapshot, Text *text)
{
    char number[NUMBER_TEXT];

    text_printf(text,
                "unscale is off, a mistake: the optimizer reads gradients that are %s times too "
                "large, as the loss was scaled. Under sgd and momentum the learning rate is larger "
                "by that; adam divides by the gradients' own size and hardly notices. Try "
                "`scale unscale=on`.",
                float_friendly(snapshot->scaler.scale, number));
}

static void tell_clipped(const Snapshot *snapshot, Text *text)
{
    const ClipFacts *clip = &snapshot->clip;
    char most[NUMBER_TEXT], scale[NUMBER_TEXT];

    text_printf(text,
                "gradients are clipped before they are unscaled, a mistake: %s, meant for true "
                "gradients, meets gradients that are %s times larger, ",
                number_shortest(clip->most, most), float_friendly(snapshot->scaler.scale, scale));
    text_printf(text, "so that at most %.3g is left of them. Try `clip %s %s`.",
                clip->most / (double)snapshot->scaler.scale, clip->norm ? "norm" : "value", most);
}

static bool tell_mistakes(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    size_t before = text->length;

    if (snapshot->scaler.take_all)
        tell_taken(snapshot, text);
    if (snapshot->scaler.leave_scaled) {
        text_append(text, text->length > before ? " And " : "");
        tell_scaled(snapshot, text);
    }
    if (snapshot->clip.before_unscale && snapshot->scaler.mode != SCALER_OFF) {
        text_append(text, text->length > before ? " And " : "");
        tell_clipped(snapshot, text);
    }
    return text->length > before;
}

const Story mistakes_story = {
    .name = "mistakes",
    .text = "scale skip=off, scale unscale=off, clip when=before-unscale: set on purpose, or not",
    .otherwise = "steps are skipped, gradients unscaled and clipped behind that, as they should be",
    .tell = tell_mistakes,
};
