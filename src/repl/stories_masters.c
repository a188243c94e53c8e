/* Stories of weights and optimizer states that are kept in 16 bits. */
#include "repl/stories.h"

#include "repl/phrase.h"

#include <math.h>
#include <string.h>

static const double most_updates = 0.5;

static const TensorFacts *broken_weight(const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->tensor_count; i++)
        if (snapshot->tensors[i].broken > 0)
            return &snapshot->tensors[i];
    return NULL;
}

/* Adam divided by a root that underflowed with its square, and an eps that is 0 there.
 * optax#1754, chainer#6299, keras#11860. */
static bool tell_eps(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
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

const Story eps_story = {
    .name = "eps",
    .text = "Adam's eps that is 0 in the format of its states",
    .otherwise = "Adam's eps is a number in the format of its states, or has done no harm yet",
    .tell = tell_eps,
};

/* The weight that lost the largest share of its updates, where most are lost and always will be. */
static const TensorFacts *stuck_weight(const Snapshot *snapshot)
{
    const TensorFacts *found = NULL;
    double most = most_updates;

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

static bool tell_masters(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const TensorFacts *stuck = stuck_weight(snapshot);
    char lost[NUMBER_TEXT], updates[NUMBER_TEXT];

    if (stuck == NULL)
        return false;
    text_printf(
        text,
        "%s of the %s updates of %s in the last step changed no bit of it, being below half "
        "a unit in its last place in %s. Try `round stochastic`, `round kahan` or "
        "`master on`.",
        phrase_count(stuck->lost_updates, lost), phrase_count(stuck->updates, updates), stuck->name,
        format_name(snapshot->weights));
    return true;
}

const Story masters_story = {
    .name = "masters",
    .text = "updates that are too small for weights without fp32 masters",
    .otherwise = "weights have fp32 masters, or most of their updates are not lost",
    .tell = tell_masters,
};
