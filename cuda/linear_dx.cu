/* linear_dx: a product into fp32 sums, then one rounding; src/cpu/linear_dx.c. */
#include "map.cuh"

Status cuda_linear_dx(Plan *plan, int instr)
{
    TRY(product_run(plan, instr));
    return chain_alone(plan, instr);
}
