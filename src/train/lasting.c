#include "train/lasting.h"

#include "base/memory.h"
#include "numerics/round.h"

#include <stdlib.h>

static Status write(const Experiment *experiment, Store *store, const Value *value,
                    const float *values)
{
    int64_t count = value_count(value);
    float *stored = xaligned((size_t)count, sizeof *stored);
    Status status;

    round_array(value->format, OVERFLOW_INFINITY, values, stored, count);
    status = experiment->class->store_write(store, value->name, stored, count);
    free(stored);
    return status;
}

Status lasting_write(const Experiment *experiment, const Value *value, const float *values)
{
    return write(experiment, experiment->store, value, values);
}

/* Every lasting value of `a` is in `b`, as many numbers in the same format; `some`: those that are in it at all. */
static bool is_in(const Program *a, const Program *b, bool some)
{
    for (int i = 0; i < a->value_count; i++) {
        ValueId id = value_lasts(&a->values[i]) ? program_find(b, a->values[i].name) : i;

        if (!value_lasts(&a->values[i]) || (some && id == NO_VALUE))
            continue;
        if (id == NO_VALUE || a->values[i].format != b->values[id].format ||
            value_count(&a->values[i]) != value_count(&b->values[id]))
            return false;
    }
    return true;
}

static bool fits(const Program *old, const Program *new, bool restart)
{
    return is_in(old, new, restart) && is_in(new, old, restart);
}

/* `old`: how many numbers it has had. A history may become longer or shorter: its first are the latest. */
static Status carry(const Experiment *experiment, const Value *value, int64_t old, Store *store)
{
    int64_t count = value_count(value);
    float *values = xcalloc((size_t)(old > count ? old : count), sizeof *values);
    Status status = experiment->class->store_read(experiment->store, value->name, values, old);

    if (!failed(status))
        status = write(experiment, store, value, values);
    free(values);
    return status;
}

static Status carry_all(const Experiment *experiment, const Program *program, Store *store)
{
    Scalars scalars;

    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];

        ValueId old = program_find(&experiment->program, value->name);

        if (value_lasts(value) && old != NO_VALUE)
            TRY(carry(experiment, value, value_count(&experiment->program.values[old]), store));
    }
    experiment->class->scalars_get(experiment->store, &scalars);
    experiment->class->scalars_set(store, &scalars);
    return ok();
}

Status lasting_plan(const Experiment *experiment, const Program *program, bool restart,
                    Store **store, Plan **plan)
{
    const BackendClass *class = experiment->class;
    bool anew = !fits(&experiment->program, program, restart);
    Status status;

    *plan = NULL;
    *store = experiment->store;
    if (anew)
        TRY(class->store_new(experiment->backend, store));
    status = class->plan_new(experiment->backend, program, *store, experiment->data->device, plan);
    if (!failed(status) && anew)
        status = carry_all(experiment, program, *store);
    if (!failed(status))
        return status;
    class->plan_free(*plan);
    if (anew)
        class->store_free(*store);
    return status;
}
