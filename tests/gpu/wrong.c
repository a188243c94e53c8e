#include "wrong.h"

#include "base/memory.h"
#include "cpu/cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum Fault {
#define FAULT_CONSTANT(constant, name, text) FAULT_##constant,
    FAULTS(FAULT_CONSTANT)
#undef FAULT_CONSTANT
        FAULT_COUNT,
} Fault;

static const char *const names[] = {
#define FAULT_NAME(constant, name, text) [FAULT_##constant] = (name),
    FAULTS(FAULT_NAME)
#undef FAULT_NAME
};

enum { PLANS = 64 };

/* What the wrapper knows of a plan; its program may be gone. */
typedef struct Known {
    const Plan *plan;
    int64_t counts[512]; /* of numbers in each value */
    char weight[VALUE_NAME];
    int64_t weight_count;
    Store *store;
    bool bend; /* its first step bends a weight */
} Known;

static Fault fault;
static Known known[PLANS];
static int made, reads, outcomes, in_flight;
static Scalars waiting;
static Store *waits_for;
static const Backend *plain; /* opened with HALFSTEP_FUSE=0 */

static Known *find(const Plan *plan)
{
    for (int i = 0; i < PLANS; i++)
        if (known[i].plan == plan)
            return &known[i];
    return NULL;
}

static void know(const Backend *backend, const Plan *plan, const Program *program, Store *store)
{
    Known *k = find(NULL);
    bool counted = false;

    if (k == NULL)
        abort();
    *k = (Known){.plan = plan, .store = store};
    for (int i = 0; i < program->value_count && i < 512; i++)
        k->counts[i] = value_count(&program->values[i]);
    for (int i = 0; i < program->instr_count; i++)
        counted = counted || program->instrs[i].counted;
    if (program->param_count > 0) {
        const Value *weight = &program->values[program->params[0].master];

        memcpy(k->weight, weight->name, sizeof k->weight);
        k->weight_count = value_count(weight);
    }
    made++;
    k->bend = (fault == FAULT_UNSTEADY && made % 2 == 0) ||
              (fault == FAULT_FUSED && backend == plain) || (fault == FAULT_PROBED && counted);
}

static Status open_backend(const BackendOptions *options, Backend **backend)
{
    const char *fuse = getenv("HALFSTEP_FUSE");

    TRY(cpu_backend.open(options, backend));
    if (fuse != NULL && *fuse == '0')
        plain = *backend;
    return ok();
}

static Status plan_new(Backend *backend, const Program *program, Store *store, DeviceData *data,
                       Plan **plan)
{
    TRY(cpu_backend.plan_new(backend, program, store, data, plan));
    know(backend, *plan, program, store);
    return ok();
}

static void plan_free(Plan *plan)
{
    Known *k = plan != NULL ? find(plan) : NULL;

    if (k != NULL)
        k->plan = NULL;
    cpu_backend.plan_free(plan);
}

static Status bend(Known *k)
{
    float *values = xcalloc((size_t)k->weight_count, sizeof *values);
    Status status = cpu_backend.store_read(k->store, k->weight, values, k->weight_count);

    k->bend = false;
    if (!failed(status)) {
        values[0] = nextafterf(values[0], INFINITY);
        status = cpu_backend.store_write(k->store, k->weight, values, k->weight_count);
    }
    free(values);
    return status;
}

static Status plan_step(Plan *plan)
{
    Known *k = find(plan);

    if (k != NULL && k->bend && k->weight_count > 0)
        TRY(bend(k));
    in_flight = 1;
    TRY(cpu_backend.plan_step(plan));
    if (waits_for != NULL) {
        Scalars now;

        cpu_backend.scalars_get(waits_for, &now);
        now.lr = waiting.lr;
        now.scale = waiting.scale;
        now.interval = waiting.interval;
        cpu_backend.scalars_set(waits_for, &now);
        waits_for = NULL;
    }
    return ok();
}

static void scalars_set(Store *store, const Scalars *scalars)
{
    if (fault == FAULT_LATE && scalars->step > 0) {
        waiting = *scalars;
        waits_for = store;
        return;
    }
    cpu_backend.scalars_set(store, scalars);
}

static void scalars_get(Store *store, Scalars *scalars)
{
    cpu_backend.scalars_get(store, scalars);
    if (fault == FAULT_SCALE && scalars->dynamic && scalars->tracker + 1 == scalars->interval)
        scalars->scale *= (float)scalars->growth;
}

static Status data_order(DeviceData *data, int64_t epoch, const int32_t *order)
{
    return fault == FAULT_ORDER && in_flight ? ok() : cpu_backend.data_order(data, epoch, order);
}

static Status plan_collect(Plan *plan, StepOutcome *into, int room, bool wait, int *count)
{
    TRY(cpu_backend.plan_collect(plan, into, room, wait, count));
    in_flight = wait ? 0 : in_flight;
    if (*count > 0 && fault == FAULT_SKIP)
        into[0].skipped = false;
    if (*count > 0 && fault == FAULT_LOST && ++outcomes % 1000 == 0)
        *count = 0;
    return ok();
}

static Status value_read(Plan *plan, ValueId id, float *values)
{
    const Known *k = find(plan);
    int64_t count = k != NULL && id < 512 ? k->counts[id] : 0;

    TRY(cpu_backend.value_read(plan, id, values));
    if (fault == FAULT_BIT && ++reads % 3 == 0 && count > 0)
        values[count / 2] = nextafterf(values[count / 2], INFINITY);
    if (fault == FAULT_NOISE)
        for (int64_t i = count / 2; i < count; i += 1000)
            values[i] *= 1.03f;
    return ok();
}

static Status counts_read(Plan *plan, int instr, CastCounts *counts)
{
    TRY(cpu_backend.counts_read(plan, instr, counts));
    if (fault == FAULT_CLASS && counts->classes[CAST_UNDERFLOW] > 0) {
        counts->classes[CAST_UNDERFLOW]--;
        counts->classes[CAST_ZERO]++;
    }
    if (fault == FAULT_MASS) {
        counts->mass *= 1 + 1e-9;
        counts->lost_mass *= 1 + 1e-9;
    }
    return ok();
}

const BackendClass *wrong_backend(const char *fault_name)
{
    static BackendClass wrong;

    for (fault = 0; fault < FAULT_COUNT && strcmp(names[fault], fault_name) != 0;)
        fault++;
    if (fault == FAULT_COUNT)
        return NULL;
    wrong = cpu_backend;
    wrong.open = open_backend;
    wrong.plan_new = plan_new;
    wrong.plan_free = plan_free;
    wrong.plan_step = plan_step;
    wrong.plan_collect = plan_collect;
    wrong.scalars_set = scalars_set;
    wrong.scalars_get = scalars_get;
    wrong.data_order = data_order;
    wrong.value_read = value_read;
    wrong.counts_read = counts_read;
    return &wrong;
}
