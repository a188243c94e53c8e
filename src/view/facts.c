#include "view/facts.h"

#include <math.h>
#include <stddef.h>

static Measure share(double part, double whole)
{
    Measure measure = {.none = !(whole > 0.0)};

    if (!measure.none)
        measure.value = part / whole;
    return measure;
}

Measure facts_zero(const TensorFacts *tensor)
{
    return share((double)tensor->counts.classes[CAST_ZERO], (double)tensor->counts.count);
}

Measure facts_underflow(const TensorFacts *tensor)
{
    return share((double)tensor->counts.classes[CAST_UNDERFLOW],
                 (double)cast_counts_nonzero(&tensor->counts));
}

Measure facts_subnormal(const TensorFacts *tensor)
{
    return share((double)tensor->counts.classes[CAST_SUBNORMAL],
                 (double)cast_counts_nonzero(&tensor->counts));
}

Measure facts_lost(const TensorFacts *tensor)
{
    return share(tensor->counts.lost_mass, tensor->counts.mass);
}

float facts_scale_used(const Snapshot *snapshot)
{
    const History *history = &snapshot->history;
    const Bucket *newest = NULL;

    if (history->steps > 0)
        newest = history_bucket(history, 0, history->steps - 1);
    return newest != NULL && newest->count > 0 ? newest->scale_last : snapshot->scaler.scale;
}

float facts_factor(const Snapshot *snapshot, const TensorFacts *tensor)
{
    float scale = tensor->scaled ? facts_scale_used(snapshot) : 1.0f;

    return tensor->fp8_scale > 0.0f ? scale * tensor->fp8_scale : scale;
}

int facts_shift(const Snapshot *snapshot, const TensorFacts *tensor)
{
    float factor = facts_factor(snapshot, tensor);

    return factor > 0.0f && isfinite(factor) ? -(int)lrint(log2((double)factor)) : 0;
}
