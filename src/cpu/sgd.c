/* sgd: g += decay w; w -= lr g          momentum: m = mu m + g; w -= lr m
 *
 *   w, m: fp32; grad in any format, scaled. Source: torch/optim/sgd.py, _single_tensor_sgd.
 */
#include "cpu/plan.h"

#include "numerics/vector.h"

VECTOR_CLONES static void sgd_block(const StepBlock *block, float lr, float decay)
{
    float *restrict w = block->weight;

    for (int64_t i = 0; i < block->count; i++) {
        float g = block->grad[i] * block->inverse;

        g = decay == 0.0f ? g : g + decay * w[i]; /* 0 times inf would be nan */
        w[i] = w[i] - lr * g;
    }
}

VECTOR_CLONES static void momentum_block(const StepBlock *block, float lr, float decay, float mu)
{
    float *restrict w = block->weight, *restrict m = block->state[0];

    for (int64_t i = 0; i < block->count; i++) {
        float g = block->grad[i] * block->inverse;

        g = decay == 0.0f ? g : g + decay * w[i];
        m[i] = mu * m[i] + g;
        w[i] = w[i] - lr * m[i];
    }
}

static void sgd(const Plan *plan, const Instr *instr, const StepBlock *block)
{
    sgd_block(block, (float)plan->store->scalars.lr, (float)instr->constants[CONSTANT_DECAY]);
}

static void momentum(const Plan *plan, const Instr *instr, const StepBlock *block)
{
    momentum_block(block, (float)plan->store->scalars.lr, (float)instr->constants[CONSTANT_DECAY],
                   (float)instr->constants[CONSTANT_MOMENTUM]);
}

void cpu_sgd(Plan *plan, const Instr *instr)
{
    cpu_step(plan, instr, sgd);
}

void cpu_momentum(Plan *plan, const Instr *instr)
{
    cpu_step(plan, instr, momentum);
}
