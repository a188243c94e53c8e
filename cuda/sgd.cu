/* sgd, momentum: src/cpu/sgd.c has the contract, sgd.cuh the formula, step.cu and step_low.cu the
 * kernels. */
#include "tile.cuh"

static Status step_alone(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    int segment = plan_segment(plan, of->in[STEP_GRAD]);

    if (step_is_low(&plan->program, of))
        return step_low_run(plan, instr);

    return step_run(plan, of->op, segment, segment + 1, NULL);
}

Status cuda_sgd(Plan *plan, int instr)
{
    return step_alone(plan, instr);
}

Status cuda_momentum(Plan *plan, int instr)
{
    return step_alone(plan, instr);
}
