/* gelu: out = x P(x), P the standard normal distribution function; backward: dout (P(x) + x p(x))
 *
 *   in, out, dout, din: any shape, the same; computed in fp32 and rounded once
 *
 * Source: aten/src/ATen/native/cuda/ActivationGeluKernel.cu, approximate='none'.
 */
#include "cpu/plan.h"

#include <math.h>

static const float root_half = 0.70710678118654752f;    /* 1 / sqrt(2) */
static const float density_at_0 = 0.39894228040143268f; /* 1 / sqrt(2 pi) */

static void forward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const float *in = plan_in(plan, instr, 0) + first;

    for (int64_t i = 0; i < count; i++)
        out[i] = in[i] * 0.5f * (1.0f + erff(in[i] * root_half));
}

static void backward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *din)
{
    const float *dout = plan_in(plan, instr, 0) + first, *in = plan_in(plan, instr, 1) + first;

    for (int64_t i = 0; i < count; i++) {
        float x = in[i];
        float below = 0.5f * (1.0f + erff(x * root_half));
        float density = expf(-0.5f * x * x) * density_at_0;

        din[i] = dout[i] * (below + x * density);
    }
}

void cpu_gelu(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, forward);
}

void cpu_gelu_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
