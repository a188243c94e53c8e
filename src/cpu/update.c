/* update: GradScaler.update, and the end of the step: numbers move on, the outcome is told
 *
 * The same rules as scaler_update (amp/scaler.h), which is the oracle of its test.
 */
#include "cpu/plan.h"

#include <math.h>

static void back_off(Scalars *scalars)
{
    float backed = (float)((double)scalars->scale * scalars->backoff);

    scalars->tracker = 0;
    if (scalars->spent + 1 < scalars->hysteresis)
        scalars->spent++;
    else if (scalars->floor > 0.0f && backed < scalars->floor)
        scalars->scale = fminf(scalars->scale, scalars->floor);
    else
        scalars->scale = backed;
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
    scalars->tracker = scalars->spent = 0;
}

/* The first store of the step, in its order, that put inf or nan into a tensor. */
static void blame(const Plan *plan, StepOutcome *outcome)
{
    for (int i = 0; i < plan->position; i++) {
        const Instr *instr = &plan->program.instrs[i];
        const CastCounts *counts = &plan->counting[i];
        int64_t nonfinite;

        if (!instr->counted)
            continue;
        nonfinite = cast_counts_nonfinite(
            counts, instr->out == NO_VALUE ? FORMAT_FP32 : plan_value(plan, instr->out)->format);
        if (nonfinite == 0)
            continue;
        outcome->first_instr = i;
        outcome->nonfinite = nonfinite;
        outcome->amax = counts->amax;
        return;
    }
}

void cpu_update(Plan *plan, const Instr *instr)
{
    Scalars *scalars = &plan->store->scalars;
    int rounds = program_rounds(&plan->program);
    bool found = plan->first_found != NO_VALUE, skipped = plan_skips(plan);
    float used = scalars->scale;
    double norm = sqrt(plan->square_sum);

    (void)instr;
    if (scalars->leave_scaled)
        norm *= (double)plan_inverse_scale(plan);
    if (scalars->dynamic && found)
        back_off(scalars);
    else if (scalars->dynamic)
        count_clean_step(scalars);
    scalars->step++;
    scalars->taken += !skipped;
    scalars->position += plan->program.batch * rounds;
    plan->outcome = (StepOutcome){
        .step = scalars->step,
        .loss = (float)((plan->loss_sum + (double)plan->loss) / rounds),
        .scale_used = used,
        .scale_next = scalars->scale,
        .lr = scalars->lr,
        .tracker = scalars->tracker,
        .spent = scalars->spent,
        .skipped = skipped,
        .grad_norm = norm,
        .clip_coef = plan->clip_coef,
        .first_found = plan->first_found,
        .first_instr = -1,
    };
    if (found)
        blame(plan, &plan->outcome);
    plan->outcome_waits = true;
}
