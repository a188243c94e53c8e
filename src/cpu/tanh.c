/* tanh: out = tanh(in), computed in fp32 and rounded once
 * backward, from the stored output: din = dout (1 - out^2), each operation rounded to the format
 *
 *   in, out, dout, din: any shape, the same
 *
 * PyTorch's CUDA kernel computes the slope in the format itself, and so do we.
 * Source: aten/src/ATen/native/cuda/BinaryMiscBackwardOpsKernels.cu, tanh_backward.
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
    Format format = plan_value(plan, instr->out)->format;

    for (int64_t i = 0; i < count; i++)
        din[i] = out[i] * out[i];
    round_array(format, OVERFLOW_INFINITY, din, din, count);
    for (int64_t i = 0; i < count; i++)
        din[i] = 1.0f - din[i];
    round_array(format, OVERFLOW_INFINITY, din, din, count);
    for (int64_t i = 0; i < count; i++)
        din[i] *= dout[i];
}

void cpu_tanh(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, forward);
}

void cpu_tanh_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
