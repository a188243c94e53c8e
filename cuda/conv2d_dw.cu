/* conv2d_dw: a product over all places into fp32 sums, then one rounding; src/cpu/conv2d_dw.c. */
#include "map.cuh"
#include "sliding.cuh"

Status cuda_conv2d_dw(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];

    TRY(sliding_turn(plan, instr, of->in[0]));
    TRY(sliding_take(plan, instr, of->in[1]));
    TRY(product_run(plan, instr));
    return chain_alone(plan, instr);
}
