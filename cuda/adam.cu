/* adam, adamw: src/cpu/adam.c has the contract, adam.cuh the formula, step.cu the kernel. */
#include "tile.cuh"

Status cuda_adam(Plan *plan, int instr)
{
    int segment = plan_segment(plan, plan->program.instrs[instr].in[1]);

    return step_run(plan, OP_ADAM, segment, segment + 1, NULL);
}

Status cuda_adamw(Plan *plan, int instr)
{
    return cuda_adam(plan, instr);
}
