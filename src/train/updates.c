#include "train/updates.h"

#include "amp/autocast.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Products of fp8 give the next wider format, and nothing is kept in fp8. */
static Format format_of(const Experiment *experiment)
{
    Format format = experiment->settings.autocast;

    return format_is_fp8(format) ? autocast_result(format) : format;
}

static bool wanted(const Experiment *experiment)
{
    return experiment->settings.probes == PROBE_UPDATES && !failed(experiment->problem);
}

static const Value *master_of(const Experiment *experiment, int param)
{
    return &experiment->program.values[experiment->program.params[param].master];
}

void updates_forget(Experiment *experiment)
{
    Updates *updates = &experiment->updates;

    for (int i = 0; i < updates->count; i++)
        free(updates->before[i]);
    free(updates->before);
    free(updates->counts);
    *updates = (Updates){0};
}

static void make_room(Experiment *experiment)
{
    Updates *updates = &experiment->updates;

    if (updates->before != NULL)
        return;
    updates->count = experiment->program.param_count;
    updates->before = xcalloc((size_t)updates->count + 1, sizeof *updates->before);
    updates->counts = xcalloc((size_t)updates->count + 1, sizeof *updates->counts);
    for (int i = 0; i < updates->count; i++)
        updates->before[i] = xaligned((size_t)value_count(master_of(experiment, i)), sizeof(float));
}

static Status read_master(Experiment *experiment, int param, float *values)
{
    const Value *master = master_of(experiment, param);

    return experiment->class->store_read(experiment->store, master->name, values,
                                         value_count(master));
}

Status updates_before_step(Experiment *experiment)
{
    Updates *updates = &experiment->updates;

    if (!wanted(experiment))
        return ok();
    TRY(experiment_collect(experiment, true));
    make_room(experiment);
    updates->step = experiment->facts.step + 1;
    for (int i = 0; i < updates->count; i++)
        TRY(read_master(experiment, i, updates->before[i]));
    return ok();
}

static Status count_update(Experiment *experiment, int param, CastCounts *counts)
{
    const float *before = experiment->updates.before[param];
    int64_t count = value_count(master_of(experiment, param));
    float *now = xaligned((size_t)count, sizeof *now);
    Status status = read_master(experiment, param, now);

    *counts = (CastCounts){0};
    for (int64_t i = 0; i < count && !failed(status); i++)
        now[i] -= before[i];
    if (!failed(status))
        cast_counted(format_of(experiment), OVERFLOW_INFINITY, now, now, count, counts);
    free(now);
    return status;
}

/* Nothing where the step is still on its way, or was interrupted: then it left no trace. */
static Status count_updates(Experiment *experiment)
{
    Updates *updates = &experiment->updates;

    if (updates->counted == updates->step || experiment->in_flight > 0 ||
        experiment->facts.step != updates->step)
        return ok();
    for (int i = 0; i < updates->count; i++)
        TRY(count_update(experiment, i, &updates->counts[i]));
    updates->counted = updates->step;
    return ok();
}

static void add_tensor(Experiment *experiment, int param)
{
    const Updates *updates = &experiment->updates;
    Snapshot *facts = &experiment->facts;
    TensorFacts *tensor = &facts->tensors[facts->tensor_count++];
    const Value *master = master_of(experiment, param);

    *tensor = (TensorFacts){
        .kind = TENSOR_UPDATE,
        .format = format_of(experiment),
        .count = value_count(master),
        .counted = true,
        .probed = updates->counted > 0 && updates->counted == facts->step,
        .moved = {.none = true},
    };
    snprintf(tensor->name, sizeof tensor->name, "%.*s.update", (int)sizeof tensor->name - 8,
             master->name);
    if (!tensor->probed)
        return;
    tensor->counts = updates->counts[param];
    heat_add(&facts->heat, tensor->name, updates->counted, &tensor->counts);
}

void updates_refresh(Experiment *experiment)
{
    Status status;

    if (!wanted(experiment))
        return;
    status = count_updates(experiment);
    if (status.code == STATUS_DEVICE)
        experiment->trouble = status;
    for (int i = 0; i < experiment->program.param_count; i++)
        if (experiment->program.params[i].grad != NO_VALUE)
            add_tensor(experiment, i);
}
