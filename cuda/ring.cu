/* Steps in flight: each posts its outcome into a ring in host memory, and no more are started than take some
 * milliseconds. */
#include "update.cuh"

#include <sched.h>
#include <string.h>
#include <time.h>

static const double most_in_flight = 0.010; /* seconds of work */

Status ring_new(Plan *plan)
{
    size_t bytes = (size_t)OUTCOME_SLOTS * OUTCOME_WORDS * sizeof *plan->ring;

    CUDA_TRY(plan->backend, cudaHostAlloc((void **)&plan->ring, bytes, cudaHostAllocMapped),
             "the steps' outcomes");
    memset(plan->ring, 0, bytes);
    return cuda_status(plan->backend,
                       cudaHostGetDevicePointer((void **)&plan->ring_device, plan->ring, 0),
                       "a plan was made");
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* All words of an outcome carry its tag, so it is whole. */
static bool has_arrived(const Plan *plan, int64_t number)
{
    const volatile uint64_t *slot = plan->ring + (size_t)(number % OUTCOME_SLOTS) * OUTCOME_WORDS;

    for (int i = 0; i < OUTCOME_WORDS; i++)
        if ((uint32_t)(slot[i] >> 32) != (uint32_t)number)
            return false;
    return true;
}

/* Watches memory, and now and then the device, which may be lost. */
static Status wait_for(Plan *plan, int64_t number)
{
    for (int turns = 1; !has_arrived(plan, number); turns++) {
        cudaError_t error =
            turns % 1024 == 0 ? cudaStreamQuery(plan->backend->stream) : cudaErrorNotReady;

        if (error == cudaErrorNotReady && turns % 64 == 0)
            sched_yield();
        if (error == cudaErrorNotReady)
            continue;
        TRY(cuda_status(plan->backend, error, "a step ran"));
        if (!has_arrived(plan, number))
            return cuda_trouble(plan->backend, "no outcome came", "a step ran");
    }
    return ok();
}

static int64_t depth(const Plan *plan)
{
    double steps = plan->step_seconds > 0.0 ? most_in_flight / plan->step_seconds : 4.0;

    return steps < 1.0 ? 1 : steps > OUTCOME_SLOTS / 2 ? OUTCOME_SLOTS / 2 : (int64_t)steps;
}

/* A step takes as long as lies between two that end while more wait behind them. */
Status ring_wait(Plan *plan)
{
    int64_t number = plan->started - depth(plan) + 1;
    double now;

    if (number < 1 || has_arrived(plan, number))
        return ok();
    TRY(wait_for(plan, number));
    now = seconds();
    if (number > plan->seen && plan->seen_at > 0.0)
        plan->step_seconds = (now - plan->seen_at) / (double)(number - plan->seen);
    plan->seen = number;
    plan->seen_at = now;
    return ok();
}

static uint64_t wide(const uint64_t *slot, int word)
{
    return (slot[word] & 0xFFFFFFFFu) | slot[word + 1] << 32;
}

static float as_float(uint64_t word)
{
    uint32_t bits = (uint32_t)word;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static double as_double(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static StepOutcome outcome_of(const Plan *plan, int64_t number)
{
    const uint64_t *slot = plan->ring + (size_t)(number % OUTCOME_SLOTS) * OUTCOME_WORDS;
    StepOutcome outcome = {};

    outcome.step = (int64_t)wide(slot, WORD_STEP);
    outcome.loss = as_float(slot[WORD_LOSS]);
    outcome.scale_used = as_float(slot[WORD_SCALE_USED]);
    outcome.scale_next = as_float(slot[WORD_SCALE_NEXT]);
    outcome.tracker = (int32_t)slot[WORD_TRACKER];
    outcome.skipped = (slot[WORD_SKIPPED] & 1) != 0;
    outcome.spent = (int32_t)((uint32_t)slot[WORD_SKIPPED] >> 1);
    outcome.first_found = (ValueId)(int32_t)slot[WORD_FIRST_FOUND];
    outcome.first_instr = (int)(int32_t)slot[WORD_FIRST_INSTR];
    outcome.nonfinite = (int64_t)(uint32_t)slot[WORD_NONFINITE];
    outcome.clip_coef = as_float(slot[WORD_CLIP_COEF]);
    outcome.amax = as_float(slot[WORD_AMAX]);
    outcome.grad_norm = as_double(wide(slot, WORD_NORM));
    outcome.lr = as_double(wide(slot, WORD_LR));
    return outcome;
}

Status cuda_plan_collect(Plan *plan, StepOutcome *outcomes, int room, bool wait, int *count)
{
    *count = 0;
    if (wait && room > 0 && plan->collected < plan->started)
        TRY(wait_for(plan, plan->collected + 1));
    while (*count < room && plan->collected < plan->started &&
           has_arrived(plan, plan->collected + 1))
        outcomes[(*count)++] = outcome_of(plan, ++plan->collected);
    if (*count == 0 && failed(plan->backend->trouble))
        return plan->backend->trouble;
    return ok();
}
