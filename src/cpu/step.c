/* What the optimizers share: a parameter's blocks on all threads, and how a low weight is stored.
 *
 *   nearest     w = round(kept - change)
 *   stochastic  the same, rounded up with a probability of the distance
 *   kahan       y = c + ((kept - w) - change); s = round(w + y); c = round(y - (s - w)); w = s
 *
 * All but the roundings in fp32. Source of kahan: Zamirai et al., "Revisiting BFloat16 Training"
 * (2021), algorithm 3, but that it rounds after every operation.
 */
#include "cpu/plan.h"

#include "numerics/bits.h"

#include <math.h>
#include <string.h>

typedef struct StepJob {
    const Plan *plan;
    const Instr *instr;
    CpuStep *step;
    const Random *random;
    int64_t count;
} StepJob;

static StepLow low_of(const StepJob *job, int task)
{
    const Instr *instr = job->instr;
    const Plan *plan = job->plan;
    ValueId state = instr->in[STEP_STATES], compensation = instr->in[STEP_COMPENSATION];
    int64_t first = (int64_t)task * BLOCK;
    StepLow low = {
        .weight = plan_value(plan, instr->in[STEP_WEIGHT])->format,
        .states = state == NO_VALUE ? FORMAT_FP32 : plan_value(plan, state)->format,
        .rounding = (WeightRounding)instr->constants[CONSTANT_ROUNDING],
        .dither = {job->random, rounding_number(plan->store->scalars.step, first)},
        .counts = instr->counted ? &plan->partial[task] : NULL,
    };

    if (compensation != NO_VALUE)
        low.compensation = plan_in(plan, instr, STEP_COMPENSATION) + first;
    if (low.counts != NULL)
        memset(low.counts, 0, sizeof *low.counts);
    return low;
}

static void step_block(void *context, int task)
{
    const StepJob *job = context;
    const Instr *instr = job->instr;
    int64_t first = (int64_t)task * BLOCK;
    float clipped[BLOCK];
    StepBlock block = {
        .weight = plan_in(job->plan, instr, STEP_WEIGHT) + first,
        .grad = plan_in(job->plan, instr, STEP_GRAD) + first,
        .count = job->count - first < BLOCK ? job->count - first : BLOCK,
        .inverse = plan_unscaling(job->plan),
        .low = low_of(job, task),
    };

    for (int i = 0; i < 2; i++)
        if (instr->in[STEP_STATES + i] != NO_VALUE)
            block.state[i] = plan_in(job->plan, instr, STEP_STATES + i) + first;
    if (job->plan->clip != NULL) {
        cpu_clip(job->plan, block.grad, block.count, clipped);
        block.grad = clipped;
        block.inverse = 1.0f;
    }
    job->step(job->plan, instr, &block);
}

void cpu_step(Plan *plan, const Instr *instr, CpuStep *plain, CpuStep *low)
{
    CastCounts *counts = &plan->counting[plan->position];
    Random random = {.seed = plan->store->scalars.seed,
                     .stream = RANDOM_ROUNDING,
                     .substream = (uint32_t)instr->constants[CONSTANT_PLACE]};
    StepJob job = {.plan = plan,
                   .instr = instr,
                   .step = step_is_low(&plan->program, instr) ? low : plain,
                   .random = &random,
                   .count = value_count(plan_value(plan, instr->in[STEP_WEIGHT]))};
    int tasks = (int)((job.count + BLOCK - 1) / BLOCK);

    if (instr->counted)
        memset(counts, 0, sizeof *counts);
    if (plan_skips(plan))
        return;
    pool_run(plan->backend->pool, step_block, &job, tasks);
    for (int i = 0; i < tasks && instr->counted; i++)
        cast_counts_add(counts, &plan->partial[i]);
}

/* What the weights would be in fp32, into `exact`. */
static void add_changes(const float *weight, const float *compensation, const StepChange *change,
                        int64_t count, float *exact)
{
    for (int64_t i = 0; i < count && compensation == NULL; i++)
        exact[i] = change->kept[i] - change->change[i];
    for (int64_t i = 0; i < count && compensation != NULL; i++)
        exact[i] =
            weight[i] + (compensation[i] + ((change->kept[i] - weight[i]) - change->change[i]));
}

static bool same_bits(float a, float b)
{
    return bits_of(FORMAT_FP32, a) == bits_of(FORMAT_FP32, b);
}

static CastClass class_of(float before, float after, float kept, float change, bool same)
{
    if (isnan(after))
        return CAST_NAN;
    if (isinf(after))
        return CAST_INF;
    if (change == 0.0f && kept == before)
        return CAST_ZERO;
    return same ? CAST_UNDERFLOW : CAST_NORMAL;
}

/* The new weights are in `stored`. */
static void keep_rests(const StepBlock *block, int64_t first, int64_t count,
                       const StepChange *change, const float *stored, bool *same)
{
    float *compensation = block->low.compensation + first;
    const float *weight = block->weight + first;

    for (int64_t i = 0; i < count; i++) {
        float y = compensation[i] + ((change->kept[i] - weight[i]) - change->change[i]);
        float rest = round_to(block->low.weight, OVERFLOW_INFINITY, y - (stored[i] - weight[i]));

        same[i] = same[i] && same_bits(rest, compensation[i]);
        compensation[i] = rest;
    }
}

void cpu_step_store(const StepBlock *block, int64_t first, int64_t count, const StepChange *change)
{
    const StepLow *low = &block->low;
    const float *kept = low->compensation == NULL ? NULL : low->compensation + first;
    float *weight = block->weight + first, stored[STEP_CHUNK];
    Dither dither = {low->dither.random, low->dither.first + (uint64_t)first};
    bool same[STEP_CHUNK];

    add_changes(weight, kept, change, count, stored);
    if (low->rounding == ROUNDING_STOCHASTIC)
        round_array_stochastic(low->weight, OVERFLOW_INFINITY, dither, stored, stored, count);
    else
        round_array(low->weight, OVERFLOW_INFINITY, stored, stored, count);
    for (int64_t i = 0; i < count; i++)
        same[i] = same_bits(stored[i], weight[i]);
    if (low->compensation != NULL)
        keep_rests(block, first, count, change, stored, same);
    for (int64_t i = 0; i < count && low->counts != NULL; i++)
        low->counts->classes[class_of(weight[i], stored[i], change->kept[i], change->change[i],
                                      same[i])]++;
    if (low->counts != NULL)
        low->counts->count += count;
    memcpy(weight, stored, (size_t)count * sizeof *weight);
}
