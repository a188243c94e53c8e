#ifndef CUDA_WALK_CUH
#define CUDA_WALK_CUH
#include "plan.h"
bool walk_fits(const Plan *plan);
Status walk_fuse(Plan *plan);
CudaOp walk_product;
#endif
