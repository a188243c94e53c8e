#include "telemetry/metric.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 3 };

static const Measure missing = {.none = true};

static Measure number(double value)
{
    return (Measure){.value = value};
}

static Measure run_step(const Snapshot *snapshot)
{
    return number((double)snapshot->step);
}

static Measure run_loss(const Snapshot *snapshot)
{
    return snapshot->step > 0 ? snapshot->loss : missing;
}

static Measure run_batch_loss(const Snapshot *snapshot)
{
    return snapshot->step > 0 ? snapshot->batch_loss : missing;
}

static Measure run_accuracy(const Snapshot *snapshot)
{
    return snapshot->accuracy;
}

static Measure run_scale(const Snapshot *snapshot)
{
    return number((double)snapshot->scaler.scale);
}

static Measure run_growth_tracker(const Snapshot *snapshot)
{
    return number((double)snapshot->scaler.tracker);
}

static Measure run_skipped(const Snapshot *snapshot)
{
    return number((double)snapshot->skipped);
}

static Measure run_steps_per_second(const Snapshot *snapshot)
{
    return snapshot->steps_per_second;
}

static Measure run_grad_norm(const Snapshot *snapshot)
{
    return snapshot->step > 0 ? snapshot->grad_norm : missing;
}

static Measure run_clip_coef(const Snapshot *snapshot)
{
    return snapshot->step > 0 && snapshot->clip.norm ? snapshot->clip_coef : missing;
}

static Measure run_lr(const Snapshot *snapshot)
{
    return number(snapshot->lr);
}

static Measure run_epoch(const Snapshot *snapshot)
{
    if (snapshot->epoch_steps <= 0)
        return missing;
    return number((double)snapshot->step / (double)snapshot->epoch_steps);
}

static Measure run_growths(const Snapshot *snapshot)
{
    return number((double)snapshot->scaler.growths);
}

static Measure run_backoffs(const Snapshot *snapshot)
{
    return number((double)snapshot->scaler.backoffs);
}

static Measure run_gain(const Snapshot *snapshot)
{
    return number(snapshot->gain);
}

static bool has_memory(const Snapshot *snapshot)
{
    return snapshot->memory.fp32[PART_WEIGHTS] > 0;
}

static Measure run_weight_bytes(const Snapshot *snapshot)
{
    if (!has_memory(snapshot))
        return missing;
    return number(snapshot_weight_bytes(snapshot, snapshot->memory.formats));
}

static Measure run_memory_share(const Snapshot *snapshot)
{
    const MemoryFacts *memory = &snapshot->memory;

    if (!has_memory(snapshot))
        return missing;
    return number((double)memory_of_values(memory->formats) /
                  (double)memory_of_values(memory->fp32));
}

static Measure run_loss_weight(const Snapshot *snapshot)
{
    return number(snapshot->loss_weight);
}

static Measure word(const char *chars)
{
    return (Measure){.word = chars};
}

static Measure run_autocast(const Snapshot *snapshot)
{
    return word(snapshot->autocast == FORMAT_FP32 ? "off" : format_step_name(snapshot->autocast));
}

static Measure run_forced(const Snapshot *snapshot)
{
    return word(snapshot->policy.forced[0] != '\0' ? snapshot->policy.forced : "none");
}

static Measure run_weights(const Snapshot *snapshot)
{
    return word(format_name(snapshot->weights));
}

static Measure run_states(const Snapshot *snapshot)
{
    return word(format_name(snapshot->states));
}

static Measure run_rounding(const Snapshot *snapshot)
{
    return word(snapshot->rounding);
}

static Measure run_optim(const Snapshot *snapshot)
{
    return word(snapshot->optim);
}

static Measure run_scaling(const Snapshot *snapshot)
{
    static const char *const modes[] = {
        [SCALER_OFF] = "off", [SCALER_STATIC] = "static", [SCALER_DYNAMIC] = "dynamic"};

    return word(modes[snapshot->scaler.mode]);
}

static Measure run_skip(const Snapshot *snapshot)
{
    return word(snapshot->scaler.take_all ? "off" : "on");
}

static Measure run_unscale(const Snapshot *snapshot)
{
    return word(snapshot->scaler.leave_scaled ? "off" : "on");
}

static Measure run_clip(const Snapshot *snapshot)
{
    return word(snapshot->clip.norm ? "norm" : snapshot->clip.value ? "value" : "off");
}

static Measure run_clip_when(const Snapshot *snapshot)
{
    if (!snapshot->clip.norm && !snapshot->clip.value)
        return missing;
    return word(snapshot->clip.before_unscale ? "before-unscale" : "after-unscale");
}

/* A tensor that is not probed has zero counts, so that each of its shares has an empty base. */
static Measure share(double part, double base)
{
    return base > 0.0 ? number(part / base) : missing;
}

static Measure share_of_all(const TensorFacts *tensor, CastClass class)
{
    const CastCounts *counts = &tensor->counts;

    return share((double)counts->classes[class], (double)counts->count);
}

static Measure tensor_underflow(const TensorFacts *tensor)
{
    const CastCounts *counts = &tensor->counts;

    return share((double)counts->classes[CAST_UNDERFLOW], (double)cast_counts_nonzero(counts));
}

static Measure tensor_lost_mass(const TensorFacts *tensor)
{
    return share(tensor->counts.lost_mass, tensor->counts.mass);
}

static Measure tensor_zeros(const TensorFacts *tensor)
{
    return share_of_all(tensor, CAST_ZERO);
}

static Measure tensor_subnormal(const TensorFacts *tensor)
{
    return share_of_all(tensor, CAST_SUBNORMAL);
}

static Measure tensor_overflow(const TensorFacts *tensor)
{
    return share_of_all(tensor, CAST_OVERFLOW);
}

static Measure tensor_nonfinite(const TensorFacts *tensor)
{
    return share((double)cast_counts_nonfinite(&tensor->counts, tensor->format),
                 (double)tensor->counts.count);
}

static Measure tensor_amax(const TensorFacts *tensor)
{
    const CastCounts *counts = &tensor->counts;
    int64_t finite = counts->count - counts->classes[CAST_NAN] - counts->classes[CAST_INF];

    if (tensor->fp8_scale > 0.0F)
        return number((double)tensor->fp8_amax);
    return finite > 0 ? number((double)counts->amax) : missing;
}

static Measure tensor_fp8_scale(const TensorFacts *tensor)
{
    return tensor->fp8_scale > 0.0F ? number((double)tensor->fp8_scale) : missing;
}

static Measure tensor_moved(const TensorFacts *tensor)
{
    return tensor->kind == TENSOR_WEIGHT ? tensor->moved : missing;
}

static Measure tensor_lost_updates(const TensorFacts *tensor)
{
    return share((double)tensor->lost_updates, (double)tensor->updates);
}

#define RUN(metric)    .name = #metric, .of_run = run_##metric
#define TENSOR(metric) .name = #metric, .of_tensor = tensor_##metric

const Metric metric_table[] = {
    {RUN(step), .unit = "steps", .text = "steps this run has taken, skipped ones included"},
    {RUN(loss), .unit = "", .text = "mean loss over the last 20 steps, before the loss weight"},
    {RUN(batch_loss), .unit = "", .text = "loss of the last step, before the loss weight"},
    {RUN(accuracy), .unit = "share", .need = NEED_ACCURACY,
     .text = "share of the held-out examples, or characters, that are told right"},
    {RUN(scale), .unit = "", .text = "the loss scale of the next step; 1 where scaling is off"},
    {RUN(growth_tracker), .unit = "steps", .text = "clean steps since the loss scale last changed"},
    {RUN(skipped), .unit = "steps", .text = "steps of this run in which no weight moved"},
    {RUN(steps_per_second), .unit = "steps/s", .need = NEED_CLOCK,
     .text = "pace of the training of late"},
    {RUN(grad_norm), .unit = "",
     .text = "norm of all unscaled gradients in the last step, before clipping"},
    {RUN(clip_coef), .unit = "",
     .text = "what clip norm multiplied the gradients by in the last step; 1: nothing was clipped"},
    {RUN(lr), .unit = "", .text = "learning rate of the next step"},
    {RUN(epoch), .unit = "epochs", .text = "steps taken, as passes over the training examples"},
    {RUN(growths), .unit = "", .text = "times that dynamic scaling raised the loss scale"},
    {RUN(backoffs), .unit = "", .text = "times that dynamic scaling lowered the loss scale"},
    {RUN(gain), .unit = "", .text = "what inputs are multiplied by, data gain="},
    {RUN(weight_bytes), .unit = "bytes",
     .text = "that a weight takes with its copy, gradient and optimizer's state, by their formats"},
    {RUN(memory_share), .unit = "share",
     .text = "bytes of a step's values by their formats, of those that fp32 would take"},
    {RUN(loss_weight), .unit = "", .text = "what the loss is multiplied by, loss weight="},
    {RUN(autocast), .unit = "word", .text = "format of products: \"off\", \"tf32\", \"fp16\", ..."},
    {RUN(forced), .unit = "word",
     .text = "operations that run low by mistake, autocast force=; or \"none\""},
    {RUN(weights), .unit = "word", .text = "format that weights are kept in; fp32: masters"},
    {RUN(states), .unit = "word", .text = "format that the optimizer's state is kept in"},
    {RUN(rounding), .unit = "word", .text = "of weights: \"nearest\", \"stochastic\" or \"kahan\""},
    {RUN(optim), .unit = "word", .text = "the optimizer: \"sgd\", \"adamw\", ..."},
    {RUN(scaling), .unit = "word", .text = "of the loss: \"off\", \"static\" or \"dynamic\""},
    {RUN(skip), .unit = "word", .text = "\"off\": steps with inf or nan are taken, a mistake"},
    {RUN(unscale), .unit = "word", .text = "\"off\": gradients stay scaled, a mistake"},
    {RUN(clip), .unit = "word", .text = "of gradients: \"off\", \"norm\" or \"value\""},
    {RUN(clip_when), .unit = "word",
     .text = "\"after-unscale\", or \"before-unscale\", a mistake; none where clip is off"},
    {TENSOR(underflow), .unit = "share",
     .text = "share of the nonzero finite values that became zero in the cast"},
    {TENSOR(lost_mass), .unit = "share",
     .text = "share of the sum of magnitudes that underflowed in the cast"},
    {TENSOR(zeros), .unit = "share", .text = "share of all values that were zero before the cast"},
    {TENSOR(subnormal), .unit = "share",
     .text = "share of all values that the cast made subnormal"},
    {TENSOR(overflow), .unit = "share",
     .text = "share of all values that were finite and too large for the format"},
    {TENSOR(nonfinite), .unit = "share",
     .text = "share of all values that were nan or inf, or overflowed in the cast"},
    {TENSOR(amax), .unit = "",
     .text = "largest finite magnitude before the cast, as stored; before an fp8 scale"},
    {TENSOR(fp8_scale), .unit = "",
     .text = "what the last cast to fp8 multiplied by; none where it is not cast to fp8"},
    {TENSOR(moved), .unit = "share", .need = NEED_MOVED,
     .text = "share of a weight's values whose bits differ from the run's start"},
    {TENSOR(lost_updates), .unit = "share", .need = NEED_UPDATES,
     .text = "share of a weight's nonzero updates in the last step that changed no stored bit"},
    {.name = NULL},
};

const Metric *metric_find(const char *name)
{
    for (const Metric *metric = metric_table; metric->name != NULL; metric++) {
        if (strcmp(metric->name, name) == 0)
            return metric;
    }
    return NULL;
}

static const char *nearest_tensor(const Snapshot *snapshot, const char *name)
{
    const char **names = xcalloc((size_t)snapshot->tensor_count + 1, sizeof *names);
    const char *nearest;

    for (int i = 0; i < snapshot->tensor_count; i++)
        names[i] = snapshot->tensors[i].name;
    nearest = text_nearest(name, names);
    free(names);
    return nearest;
}

static Status no_tensor(const Snapshot *snapshot, const char *name)
{
    const char *nearest = nearest_tensor(snapshot, name);
    Text shown = {0};
    Status status;

    if (nearest != NULL)
        return fail(STATUS_USAGE, "there is no tensor '%.48s'; did you mean %s?", name, nearest);
    for (int i = 0; i < snapshot->tensor_count && i < NAMES_SHOWN; i++)
        text_printf(&shown, "%s%s", i == 0 ? "" : ", ", snapshot->tensors[i].name);
    if (snapshot->tensor_count > NAMES_SHOWN)
        text_append(&shown, ", ...");
    if (snapshot->tensor_count > 0)
        status = fail(STATUS_USAGE, "there is no tensor '%.48s'; there are %s", name,
                      text_chars(&shown));
    else
        status = fail(STATUS_USAGE, "there is no tensor '%.48s', nor any other; take a step first",
                      name);
    text_release(&shown);
    return status;
}

Status metric_read(const Metric *metric, const Snapshot *snapshot, const char *tensor,
                   Measure *measure)
{
    const TensorFacts *facts;

    if (metric->of_run != NULL) {
        *measure = metric->of_run(snapshot);
        return ok();
    }
    facts = snapshot_tensor(snapshot, tensor);
    if (facts == NULL)
        return no_tensor(snapshot, tensor);
    *measure = metric->of_tensor(facts);
    return ok();
}
