/* linear_dw: a product into fp32 sums, then one rounding; src/cpu/linear_dw.c. */
#include "map.cuh"

Status cuda_linear_dw(Plan *plan, int instr)
{
    TRY(product_run(plan, instr));
    return chain_alone(plan, instr);
}
