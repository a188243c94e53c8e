/* Stories of values: gradients that are lost, weights that stay, a loss that does not fall. */
#include "repl/stories.h"

#include "repl/phrase.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 64, ENOUGH_STEPS = 50 };

static const double tolerated = 0.01, falls = 0.98, hardly = 0.1;

static bool is_gradient(const TensorFacts *tensor)
{
    return tensor->kind == TENSOR_ACTIVATION_GRAD || tensor->kind == TENSOR_WEIGHT_GRAD;
}

/* Of whose values that are not zero every one underflowed in the last step. */
static const TensorFacts *wholly_lost(const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];
        const CastCounts *counts = &tensor->counts;

        if (is_gradient(tensor) && tensor->probed && counts->classes[CAST_UNDERFLOW] > 0 &&
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

/* The loss scale has no part in it: a cast to fp8 has one of its own. */
static void tell_fp8_scale(const TensorFacts *tensor, Text *text)
{
    text_printf(text, "Its cast multiplies by %.4g; ", (double)tensor->fp8_scale);
    if (tensor->format == FORMAT_E4M3)
        text_append(text, "try `fp8 backward=e5m2`, whose exponents reach further, or ");
    else
        text_append(text, "try ");
    text_append(text, "`fp8 scaling current`.");
}

static void tell_larger_scale(const Snapshot *snapshot, const TensorFacts *tensor, Text *text)
{
    char number[NUMBER_TEXT];

    if (tensor->fp8_scale > 0.0F) {
        tell_fp8_scale(tensor, text);
        return;
    }
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

/* A step that was skipped stopped at its overflow: what was lost beside it explains nothing. */
static bool just_skipped(const Snapshot *snapshot)
{
    return snapshot->last_skip.step > 0 && story_clean_steps(snapshot) == 0;
}

static bool tell_lost(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const TensorFacts *tensor = wholly_lost(snapshot);
    int starved = count_starved(snapshot);
    char number[NUMBER_TEXT];

    if (tensor == NULL || just_skipped(snapshot))
        return false;
    text_printf(text,
                "%s is wholly lost in %s: all %s of its nonzero values became 0, the largest ",
                tensor->name, format_name(tensor->format),
                phrase_count(tensor->counts.classes[CAST_UNDERFLOW], number));
    text_printf(text, "being %.3g where the smallest number is %.3g. ", (double)tensor->counts.amax,
                format_table[tensor->format].min_subnormal);
    if (starved > 0)
        text_printf(text, "%d tensor%s behind it get%s only zeros. ", starved,
                    starved == 1 ? "" : "s", starved == 1 ? "s" : "");
    tell_larger_scale(snapshot, tensor, text);
    return true;
}

const Story lost_story = {
    .name = "lost",
    .text = "a gradient of which nothing is left",
    .otherwise = "no gradient that is counted is wholly lost",
    .tell = tell_lost,
};

static double lost_share(const TensorFacts *tensor)
{
    return tensor->probed && tensor->counts.mass > 0.0
               ? tensor->counts.lost_mass / tensor->counts.mass
               : 0.0;
}

/* neural-amp without a scaler: silent underflow in part. */
static bool tell_underflow(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const TensorFacts *worst = snapshot_worst(snapshot);
    char share[NUMBER_TEXT], count[NUMBER_TEXT], all[NUMBER_TEXT];

    if (worst == NULL || just_skipped(snapshot) || wholly_lost(snapshot) != NULL ||
        lost_share(worst) <= tolerated)
        return false;
    text_printf(text, "%s loses %s of its mass in %s: %s of its %s nonzero values became 0. ",
                worst->name, words_share((Measure){.value = lost_share(worst)}, share),
                format_name(worst->format),
                phrase_count(worst->counts.classes[CAST_UNDERFLOW], count),
                phrase_count(cast_counts_nonzero(&worst->counts), all));
    tell_larger_scale(snapshot, worst, text);
    if (worst->fp8_scale == 0.0F)
        text_append(text, " `sweep scale` shows what each scale loses.");
    return true;
}

const Story underflow_story = {
    .name = "underflow",
    .text = "a gradient of which a part is lost",
    .otherwise = "no gradient that is counted loses more than 1% of its mass",
    .tell = tell_underflow,
};

static const TensorFacts *gradient_of(const Snapshot *snapshot, const char *weight)
{
    char name[TENSOR_NAME + 8];

    snprintf(name, sizeof name, "%s.grad", weight);
    return snapshot_tensor(snapshot, name);
}

static const TensorFacts *still_weight(const Snapshot *snapshot, int *count)
{
    const TensorFacts *first = NULL;

    *count = 0;
    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];

        if (tensor->kind != TENSOR_WEIGHT || tensor->moved.none || tensor->moved.value > 0.0)
            continue;
        first = first == NULL ? tensor : first;
        ++*count;
    }
    return first;
}

/* What clipping left of the gradients in the last step, as a share; 1: it took nothing. */
static double left_by_clip(const Snapshot *snapshot, const TensorFacts *grad)
{
    const ClipFacts *clip = &snapshot->clip;
    bool as_stored = clip->before_unscale || snapshot->scaler.leave_scaled || !grad->scaled;
    double amax = (double)grad->counts.amax / (as_stored ? 1.0 : (double)snapshot->scaler.scale);

    if (clip->norm && !snapshot->clip_coef.none)
        return snapshot->clip_coef.value;
    return clip->value && amax > clip->most ? clip->most / amax : 1.0;
}

static void tell_small(const Snapshot *snapshot, const TensorFacts *grad, Text *text)
{
    const char *kind = snapshot->clip.norm ? "norm" : "value";
    double left = left_by_clip(snapshot, grad);
    char most[NUMBER_TEXT];

    text_printf(text, "Its gradient arrives, at most %.3g as stored; ", (double)grad->counts.amax);
    if (left < hardly)
        text_printf(text,
                    "`clip %s %s` leaves %.3g of it, less than the weights can take up: try "
                    "`clip off`, or a larger %s.",
                    kind, number_shortest(snapshot->clip.most, most), left, kind);
    else
        text_append(text, "what is added is less than half the spacing of the weights: raise lr.");
}

static void tell_cause(const Snapshot *snapshot, const char *weight, Text *text)
{
    const TensorFacts *grad = gradient_of(snapshot, weight);

    if (snapshot->lr == 0.0)
        text_append(text, "The learning rate is 0: lr 1e-3.");
    else if (grad == NULL || !grad->probed)
        text_append(text, "Its gradient is not counted; `probe on`, then `step` and `why` again.");
    else if (grad->starved_by[0] != '\0')
        text_printf(text,
                    "Its gradient is all zeros, since everything was lost in the cast of %s: "
                    "why lost.",
                    grad->starved_by);
    else if (cast_counts_nonzero(&grad->counts) == 0)
        text_append(text,
                    "Its gradient is all zeros before its cast, and nothing was lost ahead of "
                    "it: the loss does not depend on it (units that are dead, or a loss weight "
                    "of 0).");
    else if (grad->counts.classes[CAST_UNDERFLOW] == cast_counts_nonzero(&grad->counts))
        text_append(text, "Its gradient became 0 in its own cast: why lost.");
    else
        tell_small(snapshot, grad, text);
}

/* pytorch/ao PR#1124: 0 of 768 weights moved. */
static bool tell_weights(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    char steps[NUMBER_TEXT];
    int count;
    const TensorFacts *still = still_weight(snapshot, &count);

    if (still == NULL || snapshot->step == 0)
        return false;
    if (snapshot->skipped == snapshot->step) {
        text_printf(text, "No weight has moved: all %s steps were skipped; why skip.",
                    phrase_count(snapshot->step, steps));
        return true;
    }
    text_printf(text, "Not a bit of %s", still->name);
    if (count > 1)
        text_printf(text, ", and of %d more tensors of weights,", count - 1);
    text_printf(text, " has moved in %s steps. ",
                phrase_count(snapshot->step - snapshot->skipped, steps));
    tell_cause(snapshot, still->name, text);
    return true;
}

const Story weights_story = {
    .name = "weights",
    .text = "weights that do not move",
    .otherwise = "every tensor of weights has moved, or no step was taken yet",
    .tell = tell_weights,
};

typedef struct Losses {
    double first, last; /* means over the first and the last quarter of the run; nan: none */
} Losses;

static double mean_loss(const History *history, int level, int64_t from, int64_t to)
{
    double sum = 0.0, count = 0.0;

    for (int64_t i = from; i < to; i++) {
        const Bucket *bucket = history_bucket(history, level, i);

        if (bucket == NULL)
            continue;
        sum += bucket->loss_sum;
        count += (double)bucket->loss_count;
    }
    return count > 0.0 ? sum / count : (double)NAN;
}

static Losses losses_of(const History *history)
{
    int level = history_level_for(history, COLUMNS);
    int64_t buckets = (history->steps + history_span(level) - 1) / history_span(level);

    return (Losses){mean_loss(history, level, 0, (buckets + 3) / 4),
                    mean_loss(history, level, buckets - (buckets + 3) / 4, buckets)};
}

static const char *cause_of(const Case *what)
{
    static const Story *const causes[] = {&nan_story, &lost_story, &weights_story,
                                          &underflow_story};
    const char *found = NULL;

    for (size_t i = 0; i < sizeof causes / sizeof causes[0] && found == NULL; i++) {
        Text nothing = {0};

        if (causes[i]->tell(what, &nothing))
            found = causes[i]->name;
        text_release(&nothing);
    }
    return found;
}

static void tell_loss_cause(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const char *cause = cause_of(what);
    char norm[NUMBER_TEXT], lr[NUMBER_TEXT], share[NUMBER_TEXT];

    if (snapshot->skipped * 2 > snapshot->step)
        text_printf(
            text, "%s of the steps were skipped: why skip.",
            words_share((Measure){.value = (double)snapshot->skipped / (double)snapshot->step},
                        share));
    else if (cause != NULL)
        text_printf(text, "The reason may be told by why %s.", cause);
    else
        text_printf(text,
                    "Gradients arrive (norm %s) and weights move, so precision is not to blame: "
                    "the learning rate %s may be too small or too large, or the network cannot "
                    "do better.",
                    words_measure(snapshot->grad_norm, norm), number_shortest(snapshot->lr, lr));
}

static bool tell_loss(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    Losses losses = losses_of(&snapshot->history);
    char first[NUMBER_TEXT], last[NUMBER_TEXT];

    if (snapshot->history.steps < ENOUGH_STEPS || isnan(losses.first) || isnan(losses.last) ||
        losses.last < falls * losses.first)
        return false;
    text_printf(text,
                "The loss does not fall: its mean was %s over the first quarter of the run and is "
                "%s over the last. ",
                words_real(losses.first, 8, first), words_real(losses.last, 8, last));
    tell_loss_cause(what, text);
    return true;
}

const Story loss_story = {
    .name = "loss",
    .text = "a loss that does not fall",
    .otherwise = "the loss falls, or the run is too short to say (50 steps)",
    .tell = tell_loss,
};
