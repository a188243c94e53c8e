/* Stories of the loss scale: skips, growth, and scales that go astray. */
#include "repl/stories.h"

#include "repl/phrase.h"

#include <math.h>
#include <string.h>

enum { MANY_SKIPS = 8 };

static void tell_numbers(const SkipFacts *skip, Text *text)
{
    const FormatInfo *format = &format_table[skip->format];
    char number[NUMBER_TEXT], count[NUMBER_TEXT];

    text_printf(text, "step %s was skipped: ", phrase_count(skip->step, number));
    if (skip->nonfinite == 0) {
        text_printf(text, "%s held inf or nan; its values were %s. ", skip->tensor,
                    skip->injected[0] == '\0' ? "not counted" : "finite when they were counted");
        return;
    }
    text_printf(text, "%s of the %s values of ", phrase_count(skip->nonfinite, number),
                phrase_count(skip->count, count));
    text_printf(text, "%s %s inf or nan in %s, ", skip->tensor,
                skip->nonfinite == 1 ? "was" : "were", format->name);
    text_printf(text,
                "whose largest number is %s; the largest finite magnitude before the cast was ",
                number_shortest(format->max, number));
    text_printf(text, "%.4g. ", (double)skip->amax);
}

static void tell_uncounted(const Snapshot *snapshot, Text *text)
{
    if (!snapshot->probes)
        text_append(text, " Where it began may not be counted: `probe on` counts everything.");
}

static void tell_scale(const Snapshot *snapshot, const SkipFacts *skip, Text *text)
{
    char used[NUMBER_TEXT], next[NUMBER_TEXT];

    float_friendly(skip->scale_used, used);
    float_friendly(skip->scale_next, next);
    if (skip->forward && skip->injected[0] == '\0')
        text_append(text, "That was in the forward pass, where the loss scale has no part: it will "
                          "fall and not help; make the inputs or the learning rate smaller, or try "
                          "autocast bf16. ");
    if (skip->scale_next != skip->scale_used)
        text_printf(text, "No weight moved, and the loss scale went from %s to %s.", used, next);
    else if (snapshot->scaler.mode == SCALER_DYNAMIC)
        text_printf(text, "No weight moved; the loss scale was %s.", used);
    else
        text_printf(text,
                    "No weight moved, and the loss scale stays %s; try a smaller one, or "
                    "`scale dynamic`.",
                    used);
    if (skip->in_a_row > 1)
        text_printf(text, " It was the %s skip in a row.", phrase_ordinal(skip->in_a_row, used));
    tell_uncounted(snapshot, text);
}

static bool tell_skip(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    int64_t clean = story_clean_steps(snapshot);
    char number[NUMBER_TEXT];

    if (snapshot->last_skip.step == 0)
        return false;
    if (clean > 0)
        text_printf(text, "%s clean step%s since; the last skip: ", phrase_count(clean, number),
                    clean == 1 ? "" : "s");
    tell_numbers(&snapshot->last_skip, text);
    story_injected(&snapshot->last_skip, text);
    tell_scale(snapshot, &snapshot->last_skip, text);
    return true;
}

const Story skip_story = {
    .name = "skip",
    .text = "the last skipped step",
    .otherwise = "no step was skipped",
    .tell = tell_skip,
};

static bool skipped_just_now(const Snapshot *snapshot)
{
    return snapshot->last_skip.step > 0 && story_clean_steps(snapshot) == 0;
}

/* transformers#5651, t5#539: 66246 > 65504. */
static bool tell_forward(const Case *what, Text *text)
{
    const SkipFacts *skip = &what->snapshot->last_skip;
    char scale[NUMBER_TEXT], row[NUMBER_TEXT];

    if (!skipped_just_now(what->snapshot) || !skip->forward || what->trail->weights > 0)
        return false;
    tell_numbers(skip, text);
    story_injected(skip, text);
    if (skip->injected[0] != '\0') {
        text_append(text, "That is in the forward pass, and the next step is without it.");
        return true;
    }
    text_printf(text,
                "That is in the forward pass, which the loss scale does not touch: at any scale "
                "the same values overflow. It is %s now",
                float_friendly(skip->scale_next, scale));
    if (skip->scale_next != skip->scale_used)
        text_append(text, " and will fall without end");
    text_printf(text,
                " (the %s skip in a row). Try `autocast bf16`, which has the range of fp32, or "
                "make the inputs or the weights smaller.",
                phrase_ordinal(skip->in_a_row, row));
    tell_uncounted(what->snapshot, text);
    return true;
}

const Story forward_story = {
    .name = "forward",
    .text = "an overflow in the forward pass, which no loss scale can help",
    .otherwise = "the last step found no overflow in the forward pass",
    .tell = tell_forward,
};

/* An overflow that hysteresis bears, and one at the floor, leave the scale where it is. */
static void tell_row(const SkipFacts *skip, Text *text)
{
    char row[NUMBER_TEXT], from[NUMBER_TEXT], to[NUMBER_TEXT];

    text_printf(text, "%s skip%s in a row ", phrase_count(skip->in_a_row, row),
                skip->in_a_row == 1 ? "" : "s");
    if (skip->scale_begun > skip->scale_next)
        text_printf(text, "took the loss scale from %s to %s. ",
                    float_friendly(skip->scale_begun, from), float_friendly(skip->scale_next, to));
    else
        text_printf(text, "%s the loss scale at %s. ", skip->in_a_row == 1 ? "leaves" : "leave",
                    float_friendly(skip->scale_next, to));
}

/* More overflows that hysteresis bears before the scale falls again. */
static int64_t borne_first(const ScalerFacts *scaler)
{
    return scaler->hysteresis - 1 > scaler->spent ? scaler->hysteresis - 1 - scaler->spent : 0;
}

static void tell_skips_left(const Snapshot *snapshot, double times, Text *text)
{
    const ScalerFacts *scaler = &snapshot->scaler;
    int64_t borne = borne_first(scaler);
    int64_t skips = (int64_t)ceil(log(times) / -log(scaler->backoff)) + borne;
    char number[NUMBER_TEXT];

    text_printf(text, "that takes %s more skip%s", phrase_count(skips, number),
                skips == 1 ? "" : "s");
    if (borne > 0)
        text_printf(text, ", of which hysteresis bears %s", phrase_count(borne, number));
    text_append(text, ", or `sweep scale` shows at once which scale fits.");
}

/* Of a tensor that was `times` too large at the scale of the last skip. */
static void tell_when_it_fits(const Snapshot *snapshot, double times, Text *text)
{
    const SkipFacts *skip = &snapshot->last_skip;
    double fits = (double)skip->scale_used / times;
    double left = times * (double)skip->scale_next / (double)skip->scale_used;
    char number[NUMBER_TEXT];

    text_printf(text, "%s was %.3g times too large: ", skip->tensor, times);
    if (left <= 1.0)
        text_append(text, "now it fits.");
    else if (fits < (double)snapshot->scaler.floor)
        text_printf(text,
                    "that never fits, as the loss scale ends its fall at its floor of %s, and "
                    "every step will be skipped. Try `scale floor=0`.",
                    float_friendly(snapshot->scaler.floor, number));
    else
        tell_skips_left(snapshot, left, text);
}

static void tell_overflow(const Snapshot *snapshot, Text *text)
{
    const SkipFacts *skip = &snapshot->last_skip;
    double times = (double)skip->amax / format_table[skip->format].max;

    if (skip->injected[0] != '\0')
        text_printf(text, "`inject %s` went into the last of them: what fits is not known.",
                    skip->injected);
    else if (times > 1.0 && snapshot->scaler.backoff < 1.0)
        tell_when_it_fits(snapshot, times, text);
    else
        text_printf(text,
                    "%s held inf or nan before its own cast, so what overflows lies ahead of it.",
                    skip->tensor);
}

/* pytorch#40497, #157436: the scale collapses, and nobody sees why. */
static bool tell_falling(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const SkipFacts *skip = &snapshot->last_skip;

    if (!skipped_just_now(snapshot) || (skip->forward && what->trail->weights == 0) ||
        snapshot->scaler.mode != SCALER_DYNAMIC ||
        (skip->in_a_row < MANY_SKIPS && snapshot->scaler.scale >= 1.0F))
        return false;
    tell_row(skip, text);
    if (snapshot->scaler.scale < 1.0F)
        text_append(text, "Below 1 it makes gradients smaller than they are. ");
    if (what->trail->weights > 0)
        text_printf(text,
                    "It will fall for ever, as %s holds inf or nan, and so does every gradient: "
                    "why nan.",
                    what->trail->weight);
    else
        tell_overflow(snapshot, text);
    return true;
}

const Story falling_story = {
    .name = "falling",
    .text = "a loss scale that falls, skip upon skip",
    .otherwise = "the loss scale is not falling: the last steps were not skipped, or few of them",
    .tell = tell_falling,
};

/* accelerate PR#1036, transformers PR#21428. */
static bool tell_idle(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    char scale[NUMBER_TEXT], skipped[NUMBER_TEXT];

    if (snapshot->scaler.mode == SCALER_OFF || snapshot->autocast == FORMAT_FP16 ||
        strstr(snapshot->fp8, "none") != NULL)
        return false;
    text_printf(text,
                "The loss is scaled by %s under %s, %s: a scale rescues "
                "nothing there, and can only overflow (%s steps skipped). Try `scale off`.",
                float_friendly(snapshot->scaler.scale, scale), format_step_name(snapshot->autocast),
                snapshot->fp8[0] != '\0' ? "whose casts have scales of their own"
                                         : "which has the exponents of fp32",
                phrase_count(snapshot->skipped, skipped));
    return true;
}

const Story idle_story = {
    .name = "idle",
    .text = "a loss scale where the format needs none",
    .otherwise = "no loss scale is used in vain: it is off, or the format is fp16",
    .tell = tell_idle,
};

/* pytorch#98828: a tiny loss lets the scale grow to the end of fp32. */
static bool tell_capped(const Case *what, Text *text)
{
    const ScalerFacts *scaler = &what->snapshot->scaler;
    char scale[NUMBER_TEXT];

    if (scaler->mode != SCALER_DYNAMIC || isfinite((float)((double)scaler->scale * scaler->growth)))
        return false;
    text_printf(text,
                "The loss scale is %s, and twice as much is no fp32 number: it stays there. "
                "Gradients so small that nothing overflows are zeros, or the loss is: look at "
                "`show gradients`.",
                float_friendly(scaler->scale, scale));
    return true;
}

const Story capped_story = {
    .name = "capped",
    .text = "a loss scale that has grown to the end of fp32",
    .otherwise = "the loss scale is far from the end of fp32",
    .tell = tell_capped,
};

/* As in PyTorch growth asks for equality, not for more. */
static bool tell_stuck(const Case *what, Text *text)
{
    const ScalerFacts *scaler = &what->snapshot->scaler;
    char tracker[NUMBER_TEXT], interval[NUMBER_TEXT];

    if (scaler->mode != SCALER_DYNAMIC || scaler->tracker < scaler->interval)
        return false;
    text_printf(text,
                "%s clean steps were counted, and the interval is %s: the loss scale grows at the "
                "step that makes them equal, as in PyTorch, so it will not before the next skip. "
                "`scale dynamic` makes a new scaler, which counts from 0.",
                phrase_count(scaler->tracker, tracker), phrase_count(scaler->interval, interval));
    return true;
}

const Story stuck_story = {
    .name = "stuck",
    .text = "a loss scale that does not grow any more",
    .otherwise = "the loss scale grows in time, or does not grow by itself at all",
    .tell = tell_stuck,
};

static const Event *last_growth(const EventLog *log)
{
    for (int i = events_held(log); i > 0; i--)
        if (events_get(log, i - 1)->kind == EVENT_GROWTH)
            return events_get(log, i - 1);
    return NULL;
}

static bool tell_growth(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const ScalerFacts *scaler = &snapshot->scaler;
    const Event *growth = last_growth(&snapshot->events);
    char number[NUMBER_TEXT], times[NUMBER_TEXT];

    if (growth == NULL)
        return false;
    text_printf(text, "At step %s: %s. It has grown %s time%s.", phrase_count(growth->step, number),
                growth->text, phrase_count(scaler->growths, times),
                scaler->growths == 1 ? "" : "s");
    if (snapshot->last_skip.step == growth->step + 1)
        text_append(text,
                    " The very next step overflowed, so that was too much: the scale stands at "
                    "the upper edge of what fits.");
    if (scaler->mode == SCALER_DYNAMIC && scaler->tracker < scaler->interval)
        text_printf(text, " The next comes after %s more clean steps.",
                    phrase_count(scaler->interval - scaler->tracker, number));
    return true;
}

const Story growth_story = {
    .name = "growth",
    .text = "the last time that the loss scale grew",
    .otherwise = "the loss scale has not grown, or that was long ago",
    .tell = tell_growth,
};
