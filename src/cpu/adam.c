/* adam: m += (1 - b1)(g - m); v = b2 v + (1 - b2) g^2;
 *       w -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
 * adamw: first w *= 1 - lr decay (adam: g += decay w)
 *
 *   w, m, v: fp32, fp16 or bf16, rounded once when they are stored (step.c); grad in any format,
 *   scaled; t counts the steps that were taken. The step is taken from m and v as they are stored, and
 *   where these are low, sqrt(v) / sqrt(1 - b2^t) + eps is rounded to their format: optim/optim.h
 *
 * Source: torch/optim/adam.py, _single_tensor_adam: scalars in double, each used as a float; lerp_
 * as aten/src/ATen/native/Lerp.h has it, from the nearer end.
 */
#include "cpu/plan.h"

#include "numerics/vector.h"

#include <math.h>

typedef struct Adam {
    float keep;              /* what adamw leaves of the weight; adam: 1 */
    float decay;             /* what adam adds to the gradient; adamw: 0 */
    float new1, keep2, new2; /* 1 - b1, b2, 1 - b2 */
    float step_size, root_correction, eps;
} Adam;

static Adam adam_now(const Plan *plan, const Instr *instr)
{
    const Scalars *scalars = &plan->store->scalars;
    double beta1 = instr->constants[CONSTANT_BETA1], beta2 = instr->constants[CONSTANT_BETA2];
    double decay = instr->constants[CONSTANT_DECAY], t = (double)(scalars->taken + 1);
    bool decoupled = instr->op == OP_ADAMW;

    return (Adam){
        .keep = decoupled ? (float)(1.0 - scalars->lr * decay) : 1.0f,
        .decay = decoupled ? 0.0f : (float)decay,
        .new1 = (float)(1.0 - beta1),
        .keep2 = (float)beta2,
        .new2 = (float)(1.0 - beta2),
        .step_size = (float)(scalars->lr / (1.0 - pow(beta1, t))),
        .root_correction = (float)sqrt(1.0 - pow(beta2, t)),
        .eps = (float)instr->constants[CONSTANT_EPS],
    };
}

VECTOR_CLONES static void adam_block(const StepBlock *block, const Adam *a)
{
    float *restrict w = block->weight, *restrict m = block->state[0], *restrict v = block->state[1];

    for (int64_t i = 0; i < block->count; i++) {
        float kept = w[i] * a->keep;
        float g = block->grad[i] * block->inverse;

        g = a->decay == 0.0f ? g : g + a->decay * kept; /* 0 times inf would be nan */
        m[i] = a->new1 < 0.5f ? m[i] + a->new1 * (g - m[i]) : g - (g - m[i]) * (1.0f - a->new1);
        v[i] = v[i] * a->keep2 + a->new2 * g * g;
        w[i] = kept - a->step_size * m[i] / (sqrtf(v[i]) / a->root_correction + a->eps);
    }
}

/* One number's change; m and v move on. */
static float adam_change(const StepBlock *block, const Adam *a, int64_t i, float kept)
{
    float *m = &block->state[0][i], *v = &block->state[1][i];
    float g = block->grad[i] * block->inverse;

    g = a->decay == 0.0f ? g : g + a->decay * kept;
    *m = step_state(block,
                    a->new1 < 0.5f ? *m + a->new1 * (g - *m) : g - (g - *m) * (1.0f - a->new1));
    *v = step_state(block, *v * a->keep2 + a->new2 * g * g);
    return a->step_size * *m / step_state(block, sqrtf(*v) / a->root_correction + a->eps);
}

static void adam_low(const Plan *plan, const Instr *instr, const StepBlock *block)
{
    Adam now = adam_now(plan, instr);
    StepChange change;

    for (int64_t first = 0; first < block->count; first += STEP_CHUNK) {
        int64_t count = block->count - first < STEP_CHUNK ? block->count - first : STEP_CHUNK;

        for (int64_t j = 0; j < count; j++) {
            change.kept[j] = block->weight[first + j] * now.keep;
            change.change[j] = adam_change(block, &now, first + j, change.kept[j]);
        }
        cpu_step_store(block, first, count, &change);
    }
}

static void adam(const Plan *plan, const Instr *instr, const StepBlock *block)
{
    Adam now = adam_now(plan, instr);

    adam_block(block, &now);
}

void cpu_adam(Plan *plan, const Instr *instr)
{
    cpu_step(plan, instr, adam, adam_low);
}

void cpu_adamw(Plan *plan, const Instr *instr)
{
    cpu_step(plan, instr, adam, adam_low);
}
