/* linear: a product into fp32 sums, then the bias and one rounding; src/cpu/linear.c. */
#include "map.cuh"

Status cuda_linear(Plan *plan, int instr)
{
    TRY(product_run(plan, instr));
    return chain_alone(plan, instr);
}
