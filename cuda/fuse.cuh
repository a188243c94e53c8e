/* Which neighbours become one kernel: see fuse.cu. */
#ifndef CUDA_FUSE_CUH
#define CUDA_FUSE_CUH

#include "begin.cuh"
#include "map.cuh"
#include "matmul.cuh"

enum { LOSS_STAGES = 4 };

/* A cross entropy: logits, their log_softmax, its gradient, theirs. */
typedef struct Loss {
    const float *raw; /* sums of the logits; NULL: they are stored already */
    int raw_stride;
    Array bias, logits, out, out_grad, logits_grad, target;
    Counter counters[LOSS_STAGES];
    StepEnd end;
    float *slots;
} Loss;

Status loss_run(Plan *plan, const Loss *loss);

#endif
