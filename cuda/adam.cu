/* adam, adamw: src/cpu/adam.c has the contract, adam.cuh the formula, step.cu and step_low.cu
 * the kernels. */
#include "tile.cuh"

Status cuda_adam(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    int segment = plan_segment(plan, of->in[STEP_GRAD]);

    if (step_is_low(&plan->program, of))
        return step_low_run(plan, instr);

    return step_run(plan, OP_ADAM, segment, segment + 1, NULL);
}

Status cuda_adamw(Plan *plan, int instr)
{
    return cuda_adam(plan, instr);
}
