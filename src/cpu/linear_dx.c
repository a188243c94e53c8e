/* linear_dx: dx = dout W, sums in fp32, rounded once
 *
 *   dout (n, o), W (o, i), dx (n, i)
 */
#include "cpu/plan.h"

#include "cpu/matmul.h"

void cpu_linear_dx(Plan *plan, const Instr *instr)
{
    Product product = {
        .a = plan_in(plan, instr, 0),
        .b = plan_in(plan, instr, 1),
        .out = plan_out(plan, instr),
        .m = plan_rows(plan, instr->out),
        .n = plan_cols(plan, instr->out),
        .k = plan_cols(plan, instr->in[0]),
    };

    matmul(plan->backend->pool, plan->backend->reference_matmul, &product);
    cpu_fp8_descale(plan, instr);
    cpu_round(plan, instr);
}
