/* linear: out = x W^T + b, sums in fp32, the bias added before the single rounding
 *
 *   x (n, i), W (o, i), b (o), out (n, o); x, W and b in one format
 */
#include "cpu/plan.h"

#include "cpu/matmul.h"

static void add_bias(float *out, const float *bias, int64_t rows, int64_t width)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t j = 0; j < width; j++)
            out[row * width + j] += bias[j];
}

void cpu_linear(Plan *plan, const Instr *instr)
{
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);
    Product product = {
        .a = plan_in(plan, instr, 0),
        .b = plan_in(plan, instr, 1),
        .out = plan_out(plan, instr),
        .m = rows,
        .n = width,
        .k = plan_cols(plan, instr->in[0]),
        .b_transposed = true,
    };

    matmul(plan->backend->pool, plan->backend->reference_matmul, &product);
    cpu_fp8_descale(plan, instr);
    add_bias(product.out, plan_in(plan, instr, 2), rows, width);
    cpu_round(plan, instr);
}
