/* log_softmax: out = x - max - log(sum exp(x - max)), computed in fp32, rounded once
 * backward: din = dout - exp(out) (sum of dout), from the stored out
 *
 *   x, out, dout, din (n, classes), in one format
 *
 * Forced into a low format: low.c. Source: aten/src/ATen/native/cuda/{SoftMax.cu, PersistentSoftmax.cuh}.
 */
#include "cpu/plan.h"

#include <math.h>

/* log(sum exp(x - max)): the sum is at least 1, for the largest gives exp(0) */
static float log_sum(const float *row, int64_t width, float most)
{
    float sum = expf(row[0] - most);

    for (int64_t j = 1; j < width; j++)
        sum += expf(row[j] - most);
    return logf(sum);
}

void cpu_log_softmax(Plan *plan, const Instr *instr)
{
    const float *x = plan_in(plan, instr, 0);
    float *out = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    if (instr_forced(instr) != FORMAT_FP32) {
        cpu_low_log_softmax(plan, instr);
        return;
    }
    for (int64_t row = 0; row < rows; row++, x += width, out += width) {
        float most = row_largest(x, width), log_of_sum = log_sum(x, width, most);

        for (int64_t j = 0; j < width; j++)
            out[j] = x[j] - most - log_of_sum;
    }
    cpu_round(plan, instr);
}

void cpu_log_softmax_backward(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *out = plan_in(plan, instr, 1);
    float *din = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    if (instr_forced(instr) != FORMAT_FP32) {
        cpu_low_log_softmax_backward(plan, instr);
        return;
    }
    for (int64_t row = 0; row < rows; row++) {
        float sum = 0.0f;

        for (int64_t j = 0; j < width; j++)
            sum += dout[j];
        for (int64_t j = 0; j < width; j++)
            din[j] = dout[j] - expf(out[j]) * sum;
        dout += width;
        out += width;
        din += width;
    }
    cpu_round(plan, instr);
}
