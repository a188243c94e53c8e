#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

void rig_open(Rig *rig, int threads, const DataView *view)
{
    BackendOptions options = {.threads = threads};

    *rig = (Rig){0};
    setenv("HALFSTEP_MATMUL", "reference", 1);
    must(cpu_backend.open(&options, &rig->backend));
    must(cpu_backend.store_new(rig->backend, &rig->store));
    must(cpu_backend.data_new(rig->backend, view, &rig->data));
    cpu_backend.scalars_get(rig->store, &rig->scalars);
    if (view->train_count > 0) {
        int32_t *order = malloc((size_t)view->train_count * sizeof *order);

        for (int32_t i = 0; i < view->train_count; i++)
            order[i] = i;
        must(cpu_backend.data_order(rig->data, 0, order));
        must(cpu_backend.data_order(rig->data, 1, order));
        free(order);
    }
}

void rig_compile(Rig *rig)
{
    must(program_verify(&rig->program));
    must(cpu_backend.plan_new(rig->backend, &rig->program, rig->store, rig->data, &rig->plan));
}

void rig_run(Rig *rig)
{
    must(cpu_backend.plan_run(rig->plan, 0, rig->program.instr_count));
    cpu_backend.scalars_get(rig->store, &rig->scalars);
}

void rig_collect(Rig *rig, StepOutcome *outcome)
{
    int count;

    must(cpu_backend.plan_collect(rig->plan, outcome, 1, true, &count));
    cr_assert_eq(count, 1);
}

void rig_close(Rig *rig)
{
    cpu_backend.plan_free(rig->plan);
    program_release(&rig->program);
    cpu_backend.data_free(rig->data);
    cpu_backend.store_free(rig->store);
    cpu_backend.close(rig->backend);
}

static ValueId find(const Rig *rig, const char *name)
{
    ValueId id = program_find(&rig->program, name);

    cr_assert(id >= 0, "no value %s", name);
    return id;
}

void rig_write(Rig *rig, const char *name, const float *values)
{
    must(cpu_backend.value_write(rig->plan, find(rig, name), values));
}

void rig_read(Rig *rig, const char *name, float *values)
{
    must(cpu_backend.value_read(rig->plan, find(rig, name), values));
}

void rig_scalars(Rig *rig)
{
    cpu_backend.scalars_set(rig->store, &rig->scalars);
}
