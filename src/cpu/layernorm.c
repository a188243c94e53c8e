/* layernorm: out = (x - mean) r w + b, r = 1 / sqrt(variance + 1e-5), over each row
 * layernorm_dx: dx = r (g - mean of g - h mean of (g h)), with g = dout w and h = (x - mean) r
 * layernorm_dw: dw = the sum over rows of dout h
 *
 *   x, dx (n, i), w, b, dw (i), out, dout (n, i) in fp32; the rest is read widened
 *
 * Mean and variance are sums in fp32, made anew from x wherever they are needed.
 * Forced into a low format: low.c. Source: aten/src/ATen/native/cuda/layer_norm_kernel.cu.
 */
#include "cpu/plan.h"

#include <math.h>
#include <string.h>

static const float eps = 1e-5f;

typedef struct Row {
    float mean, root; /* root: 1 / sqrt(variance + eps) */
} Row;

static Row row_of(const float *x, int64_t width)
{
    float sum = 0.0f, squares = 0.0f, mean;

    for (int64_t i = 0; i < width; i++)
        sum += x[i];
    mean = sum / (float)width;
    for (int64_t i = 0; i < width; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return (Row){mean, 1.0f / sqrtf(squares / (float)width + eps)};
}

void cpu_layernorm(Plan *plan, const Instr *instr)
{
    const float *x = plan_in(plan, instr, 0), *w = plan_in(plan, instr, 1);
    const float *b = plan_in(plan, instr, 2);
    float *out = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    if (instr_forced(instr) != FORMAT_FP32) {
        cpu_low_layernorm(plan, instr);
        return;
    }
    for (int64_t n = 0; n < rows; n++, x += width, out += width) {
        Row row = row_of(x, width);

        for (int64_t i = 0; i < width; i++)
            out[i] = (x[i] - row.mean) * row.root * w[i] + b[i];
    }
    cpu_round(plan, instr);
}

static void row_dx(const float *dout, const float *x, const float *w, int64_t width, float *dx)
{
    Row row = row_of(x, width);
    float sum = 0.0f, along = 0.0f;

    for (int64_t i = 0; i < width; i++) {
        float g = dout[i] * w[i];

        sum += g;
        along += g * ((x[i] - row.mean) * row.root);
    }
    sum /= (float)width;
    along /= (float)width;
    for (int64_t i = 0; i < width; i++) {
        float h = (x[i] - row.mean) * row.root;

        dx[i] = row.root * (dout[i] * w[i] - sum - h * along);
    }
}

void cpu_layernorm_dx(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *x = plan_in(plan, instr, 1);
    float *dx = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    if (instr_forced(instr) != FORMAT_FP32) {
        cpu_low_layernorm_dx(plan, instr);
        return;
    }
    for (int64_t n = 0; n < rows; n++)
        row_dx(dout + n * width, x + n * width, plan_in(plan, instr, 2), width, dx + n * width);
    cpu_round(plan, instr);
}

void cpu_layernorm_dw(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *x = plan_in(plan, instr, 1);
    float *dw = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->in[0]), width = plan_cols(plan, instr->in[0]);

    if (instr_forced(instr) != FORMAT_FP32) {
        cpu_low_layernorm_dw(plan, instr);
        return;
    }
    memset(dw, 0, (size_t)width * sizeof *dw);
    for (int64_t n = 0; n < rows; n++, x += width, dout += width) {
        Row row = row_of(x, width);

        for (int64_t i = 0; i < width; i++)
            dw[i] += dout[i] * ((x[i] - row.mean) * row.root);
    }
    cpu_round(plan, instr);
}
