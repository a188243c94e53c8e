/* log_softmax, layernorm and their gradients where they are forced into a low format: a mistake made on
 * purpose (amp/policy.h).
 *
 * They are what PyTorch's ops would be one by one on tensors of the low format: operands are rounded to
 * it, and so is the result of every operation; sums are in fp32 and rounded once. With R for a rounding:
 *
 *   log_softmax  d = R(x - max), out = R(d - R(log R(sum R(exp d)))); unstable: R(log R(e / R(sum e))),
 *                e = R(exp x); backward: R(dout - R(R(exp out) R(sum dout)))
 *   layernorm    d = R(x - R(mean x)), r = R(1 / R(sqrt(R(R(mean R(d d)) + eps)))), h = R(d r),
 *                out = R(R(h w) + b)
 *   layernorm_dx g = R(dout w), R(r R(R(g - R(mean g)) - R(h R(mean R(g h)))))
 *   layernorm_dw R(sum over rows of R(dout h))
 */
#include "cpu/plan.h"

#include <math.h>
#include <string.h>

static const float eps = 1e-5f;

static void stable_row(const Instr *instr, const float *x, int64_t width, float *out)
{
    float most = plan_low(instr, row_largest(x, width)), sum = 0.0f;

    for (int64_t j = 0; j < width; j++) {
        out[j] = plan_low(instr, plan_low(instr, x[j]) - most);
        sum += plan_low(instr, expf(out[j]));
    }
    sum = plan_low(instr, logf(plan_low(instr, sum)));
    for (int64_t j = 0; j < width; j++)
        out[j] -= sum;
}

static void unstable_row(const Instr *instr, const float *x, int64_t width, float *out)
{
    float sum = 0.0f;

    for (int64_t j = 0; j < width; j++) {
        out[j] = plan_low(instr, expf(plan_low(instr, x[j])));
        sum += out[j];
    }
    sum = plan_low(instr, sum);
    for (int64_t j = 0; j < width; j++)
        out[j] = logf(plan_low(instr, out[j] / sum));
}

void cpu_low_log_softmax(Plan *plan, const Instr *instr)
{
    const float *x = plan_in(plan, instr, 0);
    float *out = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    for (int64_t row = 0; row < rows; row++, x += width, out += width) {
        if (instr->constants[LOW_UNSTABLE] != 0.0)
            unstable_row(instr, x, width, out);
        else
            stable_row(instr, x, width, out);
    }
    cpu_round(plan, instr);
}

void cpu_low_log_softmax_backward(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *out = plan_in(plan, instr, 1);
    float *din = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    for (int64_t row = 0; row < rows; row++) {
        float sum = 0.0f;

        for (int64_t j = 0; j < width; j++)
            sum += dout[j];
        sum = plan_low(instr, sum);
        for (int64_t j = 0; j < width; j++)
            din[j] =
                plan_low(instr, dout[j] - plan_low(instr, plan_low(instr, expf(out[j])) * sum));
        dout += width;
        out += width;
        din += width;
    }
    cpu_round(plan, instr);
}

typedef struct Row {
    float mean, root; /* root: 1 / sqrt(variance + eps) */
} Row;

static float off_mean(const Instr *instr, const Row *row, float x)
{
    return plan_low(instr, plan_low(instr, x) - row->mean);
}

static float normal(const Instr *instr, const Row *row, float x)
{
    return plan_low(instr, off_mean(instr, row, x) * row->root);
}

static Row row_of(const Instr *instr, const float *x, int64_t width)
{
    float sum = 0.0f, squares = 0.0f, variance;
    Row row;

    for (int64_t i = 0; i < width; i++)
        sum += plan_low(instr, x[i]);
    row.mean = plan_low(instr, sum / (float)width);
    for (int64_t i = 0; i < width; i++) {
        float off = off_mean(instr, &row, x[i]);

        squares += plan_low(instr, off * off);
    }
    variance = plan_low(instr, plan_low(instr, squares / (float)width) + eps);
    row.root = plan_low(instr, 1.0f / plan_low(instr, sqrtf(variance)));
    return row;
}

void cpu_low_layernorm(Plan *plan, const Instr *instr)
{
    const float *x = plan_in(plan, instr, 0), *w = plan_in(plan, instr, 1);
    const float *b = plan_in(plan, instr, 2);
    float *out = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    for (int64_t n = 0; n < rows; n++, x += width, out += width) {
        Row row = row_of(instr, x, width);

        for (int64_t i = 0; i < width; i++)
            out[i] = plan_low(instr, normal(instr, &row, x[i]) * plan_low(instr, w[i])) +
                     plan_low(instr, b[i]);
    }
    cpu_round(plan, instr);
}

static void row_dx(const Instr *instr, const float *dout, const float *x, const float *w,
                   int64_t width, float *dx)
{
    Row row = row_of(instr, x, width);
    float sum = 0.0f, along = 0.0f;

    for (int64_t i = 0; i < width; i++) {
        dx[i] = plan_low(instr, dout[i] * plan_low(instr, w[i]));
        sum += dx[i];
        along += plan_low(instr, dx[i] * normal(instr, &row, x[i]));
    }
    sum = plan_low(instr, sum / (float)width);
    along = plan_low(instr, along / (float)width);
    for (int64_t i = 0; i < width; i++) {
        float across = plan_low(instr, normal(instr, &row, x[i]) * along);
        float left = plan_low(instr, plan_low(instr, dx[i] - sum) - across);

        dx[i] = plan_low(instr, row.root * left);
    }
}

void cpu_low_layernorm_dx(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *x = plan_in(plan, instr, 1);
    float *dx = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    for (int64_t n = 0; n < rows; n++)
        row_dx(instr, dout + n * width, x + n * width, plan_in(plan, instr, 2), width,
               dx + n * width);
    cpu_round(plan, instr);
}

void cpu_low_layernorm_dw(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *x = plan_in(plan, instr, 1);
    float *dw = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->in[0]), width = plan_cols(plan, instr->in[0]);

    memset(dw, 0, (size_t)width * sizeof *dw);
    for (int64_t n = 0; n < rows; n++, x += width, dout += width) {
        Row row = row_of(instr, x, width);

        for (int64_t i = 0; i < width; i++)
            dw[i] += plan_low(instr, dout[i] * normal(instr, &row, x[i]));
    }
    cpu_round(plan, instr);
}
