/* scale: out = loss * weight * scale; src/cpu/scale.c. */
#include "loss.cuh"

static __global__ void scale_kernel(const Scalars *scalars, const float *loss, float *out)
{
    *out = scaled_loss(scalars, *loss);
}

Status cuda_scale(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];

    scale_kernel<<<1, 1, 0, plan->backend->stream>>>(plan->store->scalars,
                                                     (const float *)plan->arrays[of->in[0]].data,
                                                     (float *)plan->arrays[of->out].data);
    return cuda_launched(plan->backend, "the loss was scaled");
}
