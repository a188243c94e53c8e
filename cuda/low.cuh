/* What log_softmax.cu and layernorm.cu become where an instruction is forced into a low format
 * (instr_forced): low.cu. */
#ifndef CUDA_LOW_CUH
#define CUDA_LOW_CUH

#include "plan.h"

CudaOp low_log_softmax, low_log_softmax_backward;
CudaOp low_layernorm, low_layernorm_dx, low_layernorm_dw;

/* Some instruction is not as autocast has it where products take `low`: no fused step takes that, and every
 * kernel stands alone. */
bool low_departs(const Program *program, Format low);

static inline bool is_forced(const Plan *plan, int instr)
{
    return instr_forced(&plan->program.instrs[instr]) != FORMAT_FP32;
}

#endif
