/* A plug-in that computes on the CPU and fails as a GPU may. $HALFSTEP_PRETEND says how:
 *
 *   driver, busy, number   it cannot be opened: its driver, another process, no device of that number
 *   old                    it computes in fp16, but not in bf16
 *   small                  its memory is soon full
 *   lost N                 the N-th call that can fail is where the device is lost
 *   late SECONDS           ... the first one so long after the first step
 *
 * Steps are in flight: what they did is handed over late, unless somebody waits.
 */
#include "program/backend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IN_FLIGHT = 4, PLANS = 32, SMALL_NUMBERS = 60000, SMALL_EXAMPLES = 3000 };

const BackendClass *halfstep_backend(int abi);
extern const BackendClass cpu_backend; /* the program's own */

static long calls;
static bool lost;
static double first_step; /* seconds of the clock; 0: none yet */
/* Of each plan, what its steps did that was not handed over yet. */
static struct {
    const Plan *plan; /* NULL: free */
    StepOutcome waiting[IN_FLIGHT];
    int count;
} queues[PLANS];

static PRINTF_LIKE(2, 3) Status no(StatusCode code, const char *text, ...)
{
    va_list arguments;
    Status status = {.code = code};

    va_start(arguments, text);
    vsnprintf(status.text, sizeof status.text, text, arguments);
    va_end(arguments);
    return status;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What is behind the word in $HALFSTEP_PRETEND; NULL where it has another. */
static const char *told(const char *word)
{
    const char *manner = getenv("HALFSTEP_PRETEND");
    size_t length = strlen(word);

    if (manner == NULL || strncmp(manner, word, length) != 0)
        return NULL;
    return manner + length + (manner[length] == ' ');
}

static Status call(void)
{
    const char *at = told("lost"), *late = told("late");

    calls++;
    lost = lost || (at != NULL && calls == strtol(at, NULL, 10)) ||
           (late != NULL && first_step > 0.0 && now() - first_step > strtod(late, NULL));
    return lost ? no(STATUS_DEVICE, "cuda: the pretend was lost at call %ld", calls)
                : (Status){.code = STATUS_OK};
}

#define CALL(forward) \
    do { \
        Status call_ = call(); \
        return call_.code != STATUS_OK ? call_ : (forward); \
    } while (0)

static Status pretend_open(const BackendOptions *options, Backend **backend)
{
    *backend = NULL;
    if (told("driver") != NULL)
        return no(STATUS_UNSUPPORTED, "cuda: the driver is too old for CUDA 12; update it");
    if (told("busy") != NULL)
        return no(STATUS_UNSUPPORTED, "cuda: device 0 is busy: another process has it alone");
    if (told("number") != NULL && options->device > 0)
        return no(STATUS_UNSUPPORTED, "cuda: there is no device %d here", options->device);
    if (lost)
        return no(STATUS_UNSUPPORTED, "cuda: the pretend was lost at call %ld", calls);
    CALL(cpu_backend.open(options, backend));
}

static void pretend_describe(const Backend *backend, char text[BACKEND_TEXT])
{
    (void)backend;
    snprintf(text, BACKEND_TEXT, "cuda, a pretence");
}

static Status pretend_data_new(Backend *backend, const DataView *view, DeviceData **data)
{
    if (told("small") != NULL && view->train_count > SMALL_EXAMPLES)
        return no(STATUS_MEMORY, "cuda: the device has no room for %ld examples",
                  (long)view->train_count);
    CALL(cpu_backend.data_new(backend, view, data));
}

static Status pretend_data_order(DeviceData *data, int64_t epoch, const int32_t *order)
{
    CALL(cpu_backend.data_order(data, epoch, order));
}

static Status pretend_store_new(Backend *backend, Store **store)
{
    CALL(cpu_backend.store_new(backend, store));
}

static Status pretend_store_write(Store *store, const char *name, const float *values,
                                  int64_t count)
{
    CALL(cpu_backend.store_write(store, name, values, count));
}

static Status pretend_store_read(Store *store, const char *name, float *values, int64_t count)
{
    CALL(cpu_backend.store_read(store, name, values, count));
}

/* Of a lost device come numbers that nobody should trust. */
static void pretend_scalars_get(Store *store, Scalars *scalars)
{
    cpu_backend.scalars_get(store, scalars);
    if (lost)
        *scalars = (Scalars){.scale = -1.0f, .step = -7, .taken = -7, .position = -7};
}

static void pretend_scalars_set(Store *store, const Scalars *scalars)
{
    if (!lost)
        cpu_backend.scalars_set(store, scalars);
}

static Status check_plan(const Program *program)
{
    long numbers = 0;

    for (int i = 0; i < program->value_count; i++) {
        numbers += (long)value_count(&program->values[i]);
        if (told("old") != NULL && program->values[i].format == FORMAT_BF16)
            return no(STATUS_UNSUPPORTED, "cuda: this GPU (sm_70) cannot compute in bf16");
    }
    if (told("small") != NULL && numbers > SMALL_NUMBERS)
        return no(STATUS_MEMORY, "cuda: the device has no room for %ld numbers", numbers);
    return (Status){.code = STATUS_OK};
}

static Status pretend_plan_new(Backend *backend, const Program *program, Store *store,
                               DeviceData *data, Plan **plan)
{
    Status status = check_plan(program);

    if (status.code != STATUS_OK)
        return status;
    CALL(cpu_backend.plan_new(backend, program, store, data, plan));
}

/* That of the plan, or a free one. */
static int queue_of(const Plan *plan)
{
    int i = 0;

    while (i < PLANS - 1 && queues[i].plan != plan)
        i++;
    if (queues[i].plan == plan)
        return i;
    for (i = 0; i < PLANS - 1 && queues[i].plan != NULL;)
        i++;
    queues[i].plan = plan;
    queues[i].count = 0;
    return i;
}

static Status pretend_plan_collect(Plan *plan, StepOutcome *outcomes, int room, bool wait,
                                   int *count)
{
    Status status = call();
    int queue = queue_of(plan), held = queues[queue].count, taken = held < room ? held : room;
    StepOutcome *waiting = queues[queue].waiting;

    *count = 0;
    if (status.code != STATUS_OK || (!wait && held < IN_FLIGHT))
        return status;
    memcpy(outcomes, waiting, (size_t)taken * sizeof *outcomes);
    memmove(waiting, waiting + taken, (size_t)(held - taken) * sizeof *waiting);
    queues[queue].count -= taken;
    *count = taken;
    return status;
}

/* What came of a step joins those that wait. */
static Status keep_outcome(Plan *plan)
{
    int count = 0, queue = queue_of(plan);
    Status status = cpu_backend.plan_collect(plan, &queues[queue].waiting[queues[queue].count], 1,
                                             true, &count);

    queues[queue].count += count;
    return status;
}

static Status pretend_plan_step(Plan *plan)
{
    Status status = call();

    if (status.code == STATUS_OK)
        status = cpu_backend.plan_step(plan);
    if (status.code != STATUS_OK)
        return status;
    if (first_step == 0.0)
        first_step = now();
    return keep_outcome(plan);
}

static void pretend_plan_free(Plan *plan)
{
    for (int i = 0; i < PLANS; i++)
        if (plan != NULL && queues[i].plan == plan)
            queues[i].plan = NULL;
    cpu_backend.plan_free(plan);
}

static Status pretend_plan_run(Plan *plan, int first, int last)
{
    Status status = call();

    if (status.code == STATUS_OK)
        status = cpu_backend.plan_run(plan, first, last);
    return status.code == STATUS_OK ? keep_outcome(plan) : status; /* a step may be run in parts */
}

static Status pretend_value_read(Plan *plan, ValueId id, float *values)
{
    CALL(cpu_backend.value_read(plan, id, values));
}

static Status pretend_value_write(Plan *plan, ValueId id, const float *values)
{
    CALL(cpu_backend.value_write(plan, id, values));
}

static Status pretend_counts_read(Plan *plan, int instr, CastCounts *counts)
{
    CALL(cpu_backend.counts_read(plan, instr, counts));
}

const BackendClass *halfstep_backend(int abi)
{
    static BackendClass pretend;

    pretend = cpu_backend; /* what cannot fail is the CPU's own */
    pretend.name = "cuda";
    pretend.open = pretend_open;
    pretend.describe = pretend_describe;
    pretend.data_new = pretend_data_new;
    pretend.data_order = pretend_data_order;
    pretend.store_new = pretend_store_new;
    pretend.store_write = pretend_store_write;
    pretend.store_read = pretend_store_read;
    pretend.scalars_get = pretend_scalars_get;
    pretend.scalars_set = pretend_scalars_set;
    pretend.plan_new = pretend_plan_new;
    pretend.plan_free = pretend_plan_free;
    pretend.plan_step = pretend_plan_step;
    pretend.plan_collect = pretend_plan_collect;
    pretend.plan_run = pretend_plan_run;
    pretend.value_read = pretend_value_read;
    pretend.value_write = pretend_value_write;
    pretend.counts_read = pretend_counts_read;
    return abi == BACKEND_ABI ? &pretend : NULL;
}
