/* avgpool: out = the mean of a window; backward: din = dout / side^2
 *
 *   in, din (n, c, h, w), out, dout (n, c, h / side, w / side); summed row by row in fp32, rounded once
 *
 * Source: aten/src/ATen/native/cuda/AveragePool2d.cu.
 */
#include "cpu/plan.h"

#include "cpu/windows.h"

static void forward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    Windows w = windows_of(plan, instr, instr->in[0], instr->out);
    const float *in = plan_in(plan, instr, 0);

    for (int64_t i = 0; i < count; i++) {
        int64_t corner = window_corner(&w, first + i);
        float sum = 0.0f;

        for (int64_t y = 0; y < w.side; y++)
            for (int64_t x = 0; x < w.side; x++)
                sum += in[corner + y * w.width + x];
        out[i] = sum / (float)(w.side * w.side);
    }
}

static void backward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *din)
{
    Windows w = windows_of(plan, instr, instr->out, instr->in[0]);
    const float *dout = plan_in(plan, instr, 0);

    for (int64_t i = 0; i < count; i++) {
        int64_t window = window_around(&w, first + i);

        din[i] = window < 0 ? 0.0f : dout[window] / (float)(w.side * w.side);
    }
}

void cpu_avgpool(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, forward);
}

void cpu_avgpool_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
