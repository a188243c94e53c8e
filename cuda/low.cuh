/* What log_softmax.cu and layernorm.cu become where an instruction is forced into a low format
 * (instr_forced): low.cu. */
#ifndef CUDA_LOW_CUH
#define CUDA_LOW_CUH

#include "plan.h"

CudaOp low_log_softmax, low_log_softmax_backward;
CudaOp low_layernorm, low_layernorm_dx, low_layernorm_dw;

/* An instruction is not as autocast has it where products take `low`: it is kept in fp32 among what is low,
 * or forced low (amp/policy.h), or casts to fp8. */
bool low_departs(const Program *program, const Instr *instr, Format low);

static inline bool is_forced(const Plan *plan, int instr)
{
    return instr_forced(&plan->program.instrs[instr]) != FORMAT_FP32;
}

#endif
