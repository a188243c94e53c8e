/* update: GradScaler.update, and the end of the step: numbers move on, the outcome is told
 *
 * The same rules as scaler_update (amp/scaler.h), which is the oracle of its test.
 */
#include "cpu/plan.h"

#include <math.h>

static void back_off(Scalars *scalars)
{
    scalars->scale = (float)((double)scalars->scale * scalars->backoff);
    scalars->tracker = 0;
}

/* Equality, not >=: a tracker already past a lowered interval never grows, as in PyTorch. */
static void count_clean_step(Scalars *scalars)
{
    float grown = (float)((double)scalars->scale * scalars->growth);

    if ((int64_t)scalars->tracker + 1 != scalars->interval) {
        scalars->tracker++;
        return;
    }
    scalars->scale = isfinite(grown) ? grown : scalars->scale;
    scalars->tracker = 0;
}

static int64_t nonfinite(const CastCounts *counts)
{
    return counts->classes[CAST_NAN] + counts->classes[CAST_INF] + counts->classes[CAST_OVERFLOW];
}

/* The first store of the step, in its order, that put inf or nan into a tensor. */
static void blame(const Plan *plan, StepOutcome *outcome)
{
    for (int i = 0; i < plan->position; i++) {
        const CastCounts *counts = &plan->counting[i];

        if (!plan->program.instrs[i].counted || nonfinite(counts) == 0)
            continue;
        outcome->first_instr = i;
        outcome->nonfinite = nonfinite(counts);
        outcome->amax = counts->amax;
        return;
    }
}

void cpu_update(Plan *plan, const Instr *instr)
{
    Scalars *scalars = &plan->store->scalars;
    bool skipped = plan_found_inf(plan);
    float used = scalars->scale;

    (void)instr;
    if (scalars->dynamic && skipped)
        back_off(scalars);
    else if (scalars->dynamic)
        count_clean_step(scalars);
    scalars->step++;
    scalars->taken += !skipped;
    scalars->position += plan->program.batch;
    plan->outcome = (StepOutcome){
        .step = scalars->step,
        .loss = plan->loss,
        .scale_used = used,
        .scale_next = scalars->scale,
        .lr = scalars->lr,
        .tracker = scalars->tracker,
        .skipped = skipped,
        .grad_norm = sqrt(plan->square_sum),
        .first_found = plan->first_found,
        .first_instr = -1,
    };
    if (skipped)
        blame(plan, &plan->outcome);
    plan->outcome_waits = true;
}
