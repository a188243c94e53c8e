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

/* A program on its way into nodes. */
typedef struct Fuser {
    Plan *plan;
    std::vector<bool> done;      /* instructions that are in a node already */
    ValueId chain_out;           /* what the newest chain stored last */
    Chain *chain;                /* that chain, in its node; NULL: none */
    std::vector<Chain *> makers; /* of each value: the chain that stores it last */
    int looked;                  /* segments from here on are in a kernel A already */
    StepEnd end;
} Fuser;

static inline const Instr *instr_at(const Fuser *fuser, int i)
{
    return &fuser->plan->program.instrs[i];
}

/* What is aside has ended before the next node begins. */
void nodes_join(Plan *plan);

/* fuse_loss.cu: the five instructions from `i` on are a cross entropy; and they become one node. */
bool is_cross_entropy(const Fuser *fuser, int i);
void add_cross_entropy(Fuser *fuser, int i);

#endif
