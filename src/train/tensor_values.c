#include "train/tensor_values.h"

#include "base/memory.h"
#include "numerics/round.h"
#include "train/worker.h"

#include <stdlib.h>
#include <string.h>

typedef struct Reading {
    const char *name;
    TensorValues *values;
} Reading;

void tensor_values_release(TensorValues *values)
{
    free(values->stored);
    free(values->before);
    *values = (TensorValues){.count = 0};
}

static ValueId value_named(const Program *program, const char *name)
{
    for (int i = 0; i < program->value_count; i++)
        if (strcmp(program->values[i].name, name) == 0)
            return i;
    return NO_VALUE;
}

static ValueId copy_of(const Program *program, ValueId id)
{
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i].role == ROLE_COPY && program->values[i].source == id &&
            program->values[i].format != FORMAT_FP32)
            return i;
    return NO_VALUE;
}

static Status read_computed(const Experiment *now, ValueId id, float **values)
{
    size_t count = (size_t)value_count(&now->program.values[id]);

    *values = xaligned(count, sizeof **values);
    return now->class->value_read(now->plan, id, *values);
}

/* The copy of the last step is of the weight before that step; so the next one is made here. A low weight
 * is what the products read. */
static Status read_weight(const Experiment *now, ValueId id, TensorValues *values)
{
    const char *name = now->program.values[id].name;

    values->stored = xaligned((size_t)values->count, sizeof *values->stored);
    TRY(now->class->store_read(now->store, name, values->stored, values->count));
    values->next = true;
    if (values->format == now->program.values[id].format)
        return ok();
    values->before = xaligned((size_t)values->count, sizeof *values->before);
    memcpy(values->before, values->stored, (size_t)values->count * sizeof *values->before);
    round_array(values->format, OVERFLOW_INFINITY, values->before, values->stored, values->count);
    return ok();
}

static Status read_job(Session *session, void *argument)
{
    const Experiment *now = runs_used(session);
    const Reading *reading = argument;
    TensorValues *values = reading->values;
    ValueId id, copy;

    TRY(now->problem);
    id = value_named(&now->program, reading->name);
    if (id == NO_VALUE)
        return fail(STATUS_USAGE, "there is no tensor '%.40s'; `help tensors` lists them",
                    reading->name);
    copy = copy_of(&now->program, id);
    values->format = now->program.values[copy == NO_VALUE ? id : copy].format;
    values->count = value_count(&now->program.values[id]);
    if (now->program.values[id].role == ROLE_MASTER)
        return read_weight(now, id, values);
    if (!experiment_has_value(now, copy == NO_VALUE ? id : copy))
        return fail(STATUS_USAGE, "no step has computed %.40s in this program yet; try step",
                    reading->name);
    if (copy == NO_VALUE)
        return read_computed(now, id, &values->stored);
    TRY(read_computed(now, copy, &values->stored));
    return read_computed(now, id, &values->before);
}

Status session_tensor_values(Session *session, const char *name, TensorValues *values)
{
    Reading reading = {.name = name, .values = values};

    *values = (TensorValues){.count = 0};
    return worker_ask(session, read_job, &reading);
}
