#include "case.h"

#include "base/memory.h"

const Trail clean;

Snapshot *snapshot_new(void)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    snapshot->scaler.mode = SCALER_DYNAMIC;
    snapshot->scaler.scale = 32768.0F;
    snapshot->scaler.growth = 2.0;
    snapshot->scaler.backoff = 0.5;
    snapshot->scaler.interval = 50;
    snapshot->autocast = FORMAT_FP16;
    snapshot->batch_loss.none = true;
    snapshot->probes = true;
    return snapshot;
}

void add_skip(Snapshot *snapshot)
{
    snapshot->step = 1200;
    snapshot->last_skip = (SkipFacts){
        .step = 1190,
        .tensor = "fc2.weight.grad",
        .format = FORMAT_FP16,
        .nonfinite = 3,
        .count = 32768,
        .amax = 61234.0F,
        .scale_used = 65536.0F,
        .scale_next = 32768.0F,
        .in_a_row = 1,
    };
}
