/* dropout: out = x m s, with m 0 at random, else 1, and s = 1 / (1 - rate); backward likewise
 *
 *   x, out: any shape, the same; computed in fp32, rounded once. What is dropped of inf is nan.
 *
 * The random numbers are those of seed, layer and example (program/program.h), the same on every backend.
 * Source: aten/src/ATen/native/cuda/Dropout.cu.
 */
#include "cpu/plan.h"

#include "base/random.h"

static void drop(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const Scalars *scalars = &plan->store->scalars;
    const float *in = plan_in(plan, instr, 0) + first;
    double rate = instr->constants[DROPOUT_RATE];
    Random random = {.seed = scalars->seed,
                     .stream = RANDOM_DROPOUT,
                     .substream = (uint32_t)instr->constants[DROPOUT_PLACE]};
    const Value *value = plan_value(plan, instr->out);
    int64_t width = value_count(value) / value->shape[0];
    int64_t begun = scalars->position + plan->round * plan->program.batch;
    float larger = (float)(1.0 / (1.0 - rate));

    for (int64_t i = 0; i < count; i++) {
        int64_t at = first + i;
        uint64_t number = dropout_number(begun + at / width, width, at % width);
        bool dropped = random_bits(&random, number) < dropout_edge(rate);

        out[i] = in[i] * (dropped ? 0.0f : 1.0f) * larger;
    }
}

void cpu_dropout(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, drop);
}
