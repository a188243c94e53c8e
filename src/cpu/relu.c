/* relu: out = max(in, 0); backward: din = dout where in > 0, else 0
 *
 *   in, out, dout, din: any shape, the same; exact in any format
 *
 * A nan stays a nan, so that the learner sees where it came from. At zero the slope is zero.
 */
#include "cpu/plan.h"

#include <math.h>

static void forward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const float *in = plan_in(plan, instr, 0) + first;

    for (int64_t i = 0; i < count; i++)
        out[i] = in[i] <= 0.0f ? 0.0f : in[i];
}

static void backward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *din)
{
    const float *dout = plan_in(plan, instr, 0) + first, *in = plan_in(plan, instr, 1) + first;

    for (int64_t i = 0; i < count; i++)
        din[i] = in[i] <= 0.0f ? 0.0f : dout[i];
}

void cpu_relu(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, forward);
}

void cpu_relu_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
