/* sgd: g += decay w; w -= lr g          momentum: m = mu m + g; w -= lr m
 *
 *   w, m: fp32, fp16 or bf16, rounded once when they are stored (step.c); grad in any format, scaled.
 *   The weight moves by m as it is stored. Source: torch/optim/sgd.py, _single_tensor_sgd.
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

static void sgd_low(const Plan *plan, const Instr *instr, const StepBlock *block)
{
    float lr = (float)plan->store->scalars.lr, decay = (float)instr->constants[CONSTANT_DECAY];
    StepChange change;

    for (int64_t first = 0; first < block->count; first += STEP_CHUNK) {
        int64_t count = block->count - first < STEP_CHUNK ? block->count - first : STEP_CHUNK;

        for (int64_t j = 0; j < count; j++) {
            float w = block->weight[first + j], g = block->grad[first + j] * block->inverse;

            change.kept[j] = w;
            change.change[j] = lr * (decay == 0.0f ? g : g + decay * w);
        }
        cpu_step_store(block, first, count, &change);
    }
}

static void momentum_low(const Plan *plan, const Instr *instr, const StepBlock *block)
{
    float lr = (float)plan->store->scalars.lr, decay = (float)instr->constants[CONSTANT_DECAY];
    float mu = (float)instr->constants[CONSTANT_MOMENTUM], *m = block->state[0];
    StepChange change;

    for (int64_t first = 0; first < block->count; first += STEP_CHUNK) {
        int64_t count = block->count - first < STEP_CHUNK ? block->count - first : STEP_CHUNK;

        for (int64_t j = 0; j < count; j++) {
            int64_t i = first + j;
            float w = block->weight[i], g = block->grad[i] * block->inverse;

            g = decay == 0.0f ? g : g + decay * w;
            m[i] = step_state(block, mu * m[i] + g);
            change.kept[j] = w;
            change.change[j] = lr * m[i];
        }
        cpu_step_store(block, first, count, &change);
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
    cpu_step(plan, instr, sgd, sgd_low);
}

void cpu_momentum(Plan *plan, const Instr *instr)
{
    cpu_step(plan, instr, momentum, momentum_low);
}
