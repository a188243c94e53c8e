/* tanh: out = tanh(in); backward, from the stored output: din = dout (1 - out^2)
 *
 *   in, out, dout, din: any shape, the same; computed in fp32 and rounded once
 */
#include "cpu/plan.h"

#include <math.h>

static void forward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const float *in = plan_in(plan, instr, 0) + first;

    for (int64_t i = 0; i < count; i++)
        out[i] = tanhf(in[i]);
}

static void backward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *din)
{
    const float *dout = plan_in(plan, instr, 0) + first, *out = plan_in(plan, instr, 1) + first;

    for (int64_t i = 0; i < count; i++)
        din[i] = dout[i] * (1.0f - out[i] * out[i]);
}

void cpu_tanh(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, forward);
}

void cpu_tanh_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
