/* clip_norm: coef = min(1, max / (norm + 1e-6)), the norm of all gradients together; readers multiply
 * clip_value: readers hold each number between -max and max
 *
 *   gradients: any format, scaled. They are unscaled before they are clipped or, with CLIP_SCALED,
 *   after it. Each product is rounded to fp32, as in a .grad that is written in place.
 *
 * Source: torch/nn/utils/clip_grad.py, which takes max / x as the reciprocal of x times max. Its norm
 * is summed in fp32, ours in double and rounded once.
 */
#include "cpu/plan.h"

#include "numerics/vector.h"

#include <math.h>

static bool clips_scaled(const Instr *instr)
{
    return instr->constants[CLIP_SCALED] != 0.0;
}

bool cpu_clip_hides_inf(const Plan *plan)
{
    return plan->clip != NULL && plan->clip->op == OP_CLIP_VALUE && clips_scaled(plan->clip);
}

void cpu_clip_value(Plan *plan, const Instr *instr)
{
    plan->clip = instr;
}

void cpu_clip_norm(Plan *plan, const Instr *instr)
{
    float factor = clips_scaled(instr) ? 1.0f : plan_unscaling(plan), coef;
    double sum = 0.0;
    bool found;

    for (int i = 0; i < plan->program.param_count; i++)
        if (plan->program.params[i].grad != NO_VALUE)
            sum += cpu_look(plan, plan->program.params[i].grad, factor, false, &found);
    coef = 1.0f / ((float)sqrt(sum) + 1e-6f) * (float)instr->constants[CLIP_MOST];
    plan->clip = instr;
    plan->clip_coef = coef > 1.0f ? 1.0f : coef; /* nan stays */
}

static float held(float x, float most)
{
    return x < -most ? -most : x > most ? most : x; /* nan stays */
}

VECTOR_CLONES static void hold(const float *grad, int64_t count, float first, float most,
                               float last, float *seen)
{
    for (int64_t i = 0; i < count; i++)
        seen[i] = held(grad[i] * first, most) * last;
}

VECTOR_CLONES static void multiply(const float *grad, int64_t count, float first, float then,
                                   float *seen)
{
    for (int64_t i = 0; i < count; i++)
        seen[i] = grad[i] * first * then;
}

void cpu_clip(const Plan *plan, const float *grad, int64_t count, float *seen)
{
    bool scaled = clips_scaled(plan->clip);
    float inverse = plan_unscaling(plan), most = (float)plan->clip->constants[CLIP_MOST];

    if (plan->clip->op == OP_CLIP_VALUE)
        hold(grad, count, scaled ? 1.0f : inverse, most, scaled ? inverse : 1.0f, seen);
    else
        multiply(grad, count, scaled ? plan->clip_coef : inverse,
                 scaled ? inverse : plan->clip_coef, seen);
}
