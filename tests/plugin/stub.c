/* A plug-in that computes on the CPU and fails as a GPU may. $HALFSTEP_STUB says how:
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

enum { IN_FLIGHT = 4, SMALL_NUMBERS = 60000, SMALL_EXAMPLES = 3000 };

const BackendClass *halfstep_backend(int abi);
extern const BackendClass cpu_backend; /* the program's own */

static long calls;
static bool lost;
static double first_step; /* seconds of the clock; 0: none yet */
static StepOutcome waiting[IN_FLIGHT];
static int waiting_count;

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

/* What is behind the word in $HALFSTEP_STUB; NULL where it has another. */
static const char *told(const char *word)
{
    const char *manner = getenv("HALFSTEP_STUB");
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
    return lost ? no(STATUS_DEVICE, "cuda: the stub was lost at call %ld", calls)
                : (Status){.code = STATUS_OK};
}

#define CALL(forward) \
    do { \
        Status call_ = call(); \
        return call_.code != STATUS_OK ? call_ : (forward); \
    } while (0)

static Status stub_open(const BackendOptions *options, Backend **backend)
{
    *backend = NULL;
    if (told("driver") != NULL)
        return no(STATUS_UNSUPPORTED, "cuda: the driver is too old for CUDA 12; update it");
    if (told("busy") != NULL)
        return no(STATUS_UNSUPPORTED, "cuda: device 0 is busy: another process has it alone");
    if (told("number") != NULL && options->device > 0)
        return no(STATUS_UNSUPPORTED, "cuda: there is no device %d here", options->device);
    if (lost)
        return no(STATUS_UNSUPPORTED, "cuda: the stub was lost at call %ld", calls);
    CALL(cpu_backend.open(options, backend));
}

static void stub_describe(const Backend *backend, char text[BACKEND_TEXT])
{
    (void)backend;
    snprintf(text, BACKEND_TEXT, "cuda, a stub");
}

static Status stub_data_new(Backend *backend, const DataView *view, DeviceData **data)
{
    if (told("small") != NULL && view->train_count > SMALL_EXAMPLES)
        return no(STATUS_MEMORY, "cuda: the device has no room for %ld examples",
                  (long)view->train_count);
    CALL(cpu_backend.data_new(backend, view, data));
}

static Status stub_data_order(DeviceData *data, int64_t epoch, const int32_t *order)
{
    CALL(cpu_backend.data_order(data, epoch, order));
}

static Status stub_store_new(Backend *backend, Store **store)
{
    CALL(cpu_backend.store_new(backend, store));
}

static Status stub_store_write(Store *store, const char *name, const float *values, int64_t count)
{
    CALL(cpu_backend.store_write(store, name, values, count));
}

static Status stub_store_read(Store *store, const char *name, float *values, int64_t count)
{
    CALL(cpu_backend.store_read(store, name, values, count));
}

/* Of a lost device come numbers that nobody should trust. */
static void stub_scalars_get(Store *store, Scalars *scalars)
{
    cpu_backend.scalars_get(store, scalars);
    if (lost)
        *scalars = (Scalars){.scale = -1.0f, .step = -7, .taken = -7, .position = -7};
}

static void stub_scalars_set(Store *store, const Scalars *scalars)
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

static Status stub_plan_new(Backend *backend, const Program *program, Store *store,
                            DeviceData *data, Plan **plan)
{
    Status status = check_plan(program);

    if (status.code != STATUS_OK)
        return status;
    CALL(cpu_backend.plan_new(backend, program, store, data, plan));
}

static Status stub_plan_collect(Plan *plan, StepOutcome *outcomes, int room, bool wait, int *count)
{
    Status status = call();
    int taken = waiting_count < room ? waiting_count : room;

    (void)plan;
    *count = 0;
    if (status.code != STATUS_OK || (!wait && waiting_count < IN_FLIGHT))
        return status;
    memcpy(outcomes, waiting, (size_t)taken * sizeof *outcomes);
    memmove(waiting, waiting + taken, (size_t)(waiting_count - taken) * sizeof *waiting);
    waiting_count -= taken;
    *count = taken;
    return status;
}

static Status stub_plan_step(Plan *plan)
{
    Status status = call();
    int count;

    if (status.code == STATUS_OK)
        status = cpu_backend.plan_step(plan);
    if (status.code != STATUS_OK)
        return status;
    if (first_step == 0.0)
        first_step = now();
    return cpu_backend.plan_collect(plan, &waiting[waiting_count++], 1, true, &count);
}

static void stub_plan_free(Plan *plan)
{
    cpu_backend.plan_free(plan);
    if (lost)
        waiting_count = 0;
}

static Status stub_plan_run(Plan *plan, int first, int last)
{
    CALL(cpu_backend.plan_run(plan, first, last));
}

static Status stub_value_read(Plan *plan, ValueId id, float *values)
{
    CALL(cpu_backend.value_read(plan, id, values));
}

static Status stub_value_write(Plan *plan, ValueId id, const float *values)
{
    CALL(cpu_backend.value_write(plan, id, values));
}

static Status stub_counts_read(Plan *plan, int instr, CastCounts *counts)
{
    CALL(cpu_backend.counts_read(plan, instr, counts));
}

const BackendClass *halfstep_backend(int abi)
{
    static BackendClass stub;

    stub = cpu_backend; /* what cannot fail is the CPU's own */
    stub.name = "cuda";
    stub.open = stub_open;
    stub.describe = stub_describe;
    stub.data_new = stub_data_new;
    stub.data_order = stub_data_order;
    stub.store_new = stub_store_new;
    stub.store_write = stub_store_write;
    stub.store_read = stub_store_read;
    stub.scalars_get = stub_scalars_get;
    stub.scalars_set = stub_scalars_set;
    stub.plan_new = stub_plan_new;
    stub.plan_free = stub_plan_free;
    stub.plan_step = stub_plan_step;
    stub.plan_collect = stub_plan_collect;
    stub.plan_run = stub_plan_run;
    stub.value_read = stub_value_read;
    stub.value_write = stub_value_write;
    stub.counts_read = stub_counts_read;
    return abi == BACKEND_ABI ? &stub : NULL;
}
