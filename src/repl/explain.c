#include "repl/explain.h"

#include "repl/explain_mistakes.h"
#include "repl/phrase.h"

#include <math.h>
#include <string.h>

/* Of whose values that are not zero every one underflowed in the last step. */
static const TensorFacts *wholly_lost(const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];
        const CastCounts *counts = &tensor->counts;
        bool gradient =
            tensor->kind == TENSOR_ACTIVATION_GRAD || tensor->kind == TENSOR_WEIGHT_GRAD;

        if (gradient && tensor->probed && counts->classes[CAST_UNDERFLOW] > 0 &&
            counts->classes[CAST_UNDERFLOW] == cast_counts_nonzero(counts))
            return tensor;
    }
    return NULL;
}

static int count_starved(const Snapshot *snapshot)
{
    int count = 0;

    for (int i = 0; i < snapshot->tensor_count; i++)
        count += snapshot->tensors[i].starved_by[0] != '\0';
    return count;
}

static void explain_lost(const Snapshot *snapshot, const TensorFacts *tensor, Text *text)
{
    const FormatInfo *format = &format_table[tensor->format];
    const CastCounts *counts = &tensor->counts;
    int starved = count_starved(snapshot);
    char number[NUMBER_TEXT];

    text_printf(text,
                "%s is wholly lost in %s: all %s of its nonzero values became 0, the largest ",
                tensor->name, format->name, phrase_count(counts->classes[CAST_UNDERFLOW], number));
    text_printf(text, "being %.3g where the smallest number is %.3g. ", (double)counts->amax,
                format->min_subnormal);
    if (starved > 0)
        text_printf(text, "%d tensor%s behind it get%s only zeros. ", starved,
                    starved == 1 ? "" : "s", starved == 1 ? "s" : "");
    if (snapshot->scaler.mode == SCALER_OFF)
        text_append(text, "Try `scale dynamic`, or `autocast bf16`.");
    else if (snapshot->scaler.mode == SCALER_STATIC)
        text_printf(text, "The loss scale is %s; try a larger one, or `scale dynamic`.",
                    float_friendly(snapshot->scaler.scale, number));
    else
        text_printf(text,
                    "The loss scale is %s and grows after %lld clean steps; train on, or set it: "
                    "scale 2^16.",
                    float_friendly(snapshot->scaler.scale, number),
                    (long long)snapshot->scaler.interval);
}

static void explain_numbers(const SkipFacts *skip, Text *text)
{
    const FormatInfo *format = &format_table[skip->format];
    char number[NUMBER_TEXT], count[NUMBER_TEXT];

    text_printf(text, "step %s was skipped: ", phrase_count(skip->step, number));
    if (skip->nonfinite == 0) {
        text_printf(text, "%s held inf or nan; its values were not counted. ", skip->tensor);
        return;
    }
    text_printf(text, "%s of the %s values of ", phrase_count(skip->nonfinite, number),
                phrase_count(skip->count, count));
    text_printf(text, "%s were inf or nan in %s, ", skip->tensor, format->name);
    text_printf(text,
                "whose largest number is %s; the largest finite magnitude before the cast was ",
                number_shortest(format->max, number));
    text_printf(text, "%.4g. ", (double)skip->amax);
}

static void explain_scale(const Snapshot *snapshot, const SkipFacts *skip, Text *text)
{
    char used[NUMBER_TEXT], next[NUMBER_TEXT];

    float_friendly(skip->scale_used, used);
    float_friendly(skip->scale_next, next);
    if (skip->forward)
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
    if (!snapshot->probes)
        text_append(text, " Where it began may not be counted: `probe on` counts everything.");
}

static const TensorFacts *broken_weight(const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->tensor_count; i++)
        if (snapshot->tensors[i].broken > 0)
            return &snapshot->tensors[i];
    return NULL;
}

/* Adam divided by a root that underflowed with its square, and an eps that is 0 there. */
static bool explain_eps(const Snapshot *snapshot, Text *text)
{
    const FormatInfo *format = &format_table[snapshot->states];
    const TensorFacts *weight = broken_weight(snapshot);
    char eps[NUMBER_TEXT], number[NUMBER_TEXT], count[NUMBER_TEXT];
    bool lost = snapshot->step > 0 && !isfinite(snapshot->batch_loss.value);

    if (snapshot->eps_lost == 0.0 || (weight == NULL && !lost))
        return false;
    text_printf(
        text,
        "Adam's eps %s is 0 in %s, in which its moments are kept and whose smallest number "
        "is %.3g: where the square of a gradient underflowed too, the step was m/0 = inf or "
        "0/0 = nan. ",
        number_shortest(snapshot->eps_lost, eps), format->name, format->min_subnormal);
    if (weight != NULL)
        text_printf(text, "%s of the %s numbers of %s are inf or nan after the last step. ",
                    phrase_count(weight->broken, number), phrase_count(weight->count, count),
                    weight->name);
    else
        text_append(text, "The loss is inf or nan since, and no step mends that. ");
    text_append(text, "Try optim states=fp32, states=bf16 or eps=1e-4, and `reset`.");
    return true;
}

/* The weight that lost the largest share of its updates, where most are lost and always will be. */
static const TensorFacts *stuck_weight(const Snapshot *snapshot)
{
    const TensorFacts *found = NULL;
    double most = 0.5;

    if (snapshot->weights == FORMAT_FP32 || strcmp(snapshot->rounding, "nearest") != 0)
        return NULL;
    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];

        if (tensor->updates > 0 && (double)tensor->lost_updates > most * (double)tensor->updates) {
            most = (double)tensor->lost_updates / (double)tensor->updates;
            found = tensor;
        }
    }
    return found;
}

static void explain_nothing(const Snapshot *snapshot, Text *text)
{
    const TensorFacts *stuck = stuck_weight(snapshot);
    const char *plural = snapshot->step == 1 ? "" : "s";
    char number[NUMBER_TEXT], lost[NUMBER_TEXT], updates[NUMBER_TEXT];

    phrase_count(snapshot->step, number);
    if (stuck == NULL) {
        text_printf(text, "nothing was skipped in %s step%s, and no gradient is wholly lost",
                    number, plural);
        return;
    }
    text_printf(text,
                "nothing was skipped in %s step%s, but %s of the %s updates of %s in the last one "
                "changed no bit of it, being below half a unit in its last place in %s. ",
                number, plural, phrase_count(stuck->lost_updates, lost),
                phrase_count(stuck->updates, updates), stuck->name, format_name(snapshot->weights));
    text_append(text, "Try `round stochastic`, `round kahan` or `master on`.");
}

void explain(const Snapshot *snapshot, Text *text)
{
    const TensorFacts *lost = wholly_lost(snapshot);
    int64_t clean = snapshot->step - snapshot->last_skip.step;
    char number[NUMBER_TEXT];

    if (explain_mistakes(snapshot, text) || explain_eps(snapshot, text))
        return;
    /* A step that was skipped stopped at its overflow: what was lost beside it explains nothing. */
    if (lost != NULL && (snapshot->last_skip.step == 0 || clean > 0)) {
        explain_lost(snapshot, lost, text);
        return;
    }
    if (snapshot->last_skip.step > 0) {
        if (clean > 0)
            text_printf(text, "%s clean step%s since; the last skip: ", phrase_count(clean, number),
                        clean == 1 ? "" : "s");
        explain_numbers(&snapshot->last_skip, text);
        explain_scale(snapshot, &snapshot->last_skip, text);
        return;
    }
    if (snapshot->step == 0)
        text_append(text, "nothing was skipped: nothing has been trained yet; try train 20");
    else
        explain_nothing(snapshot, text);
}
