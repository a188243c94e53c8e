/* conv2d_dx: src/cpu/conv2d_dx.c has the contract, conv_places.cu the kernel. */
#include "conv.cuh"

Status cuda_conv2d_dx(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Conv conv;

    TRY(conv_of(plan, instr, &conv));
    conv.dout = plan->arrays[(size_t)of->in[0]];
    conv.weight = plan->arrays[(size_t)of->in[1]];
    return conv_places_run(plan, instr, &conv);
}
