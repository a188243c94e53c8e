/* linear_dw: dW = dout^T x, sums in fp32 over the batch, rounded once
 *
 *   dout (n, o), x (n, i), dW (o, i)
 */
#include "cpu/plan.h"

#include "cpu/matmul.h"

void cpu_linear_dw(Plan *plan, const Instr *instr)
{
    Product product = {
        .a = plan_in(plan, instr, 0),
        .b = plan_in(plan, instr, 1),
        .out = plan_out(plan, instr),
        .m = plan_cols(plan, instr->in[0]),
        .n = plan_cols(plan, instr->in[1]),
        .k = plan_rows(plan, instr->in[0]),
        .a_transposed = true,
    };

    matmul(plan->backend->pool, plan->backend->reference_matmul, &product);
    cpu_fp8_descale(plan, instr);
    cpu_round(plan, instr);
}
