/* adamw: w *= 1 - lr decay, then as adam */
#include "optim/optim.h"

static const char *const states[] = {"exp_avg", "exp_avg_sq", NULL};

const Optimizer adamw_optimizer = {
    .name = "adamw",
    .text = "adam with decoupled weight decay 0.01",
    .states = states,
    .options = "beta1= beta2= eps= states= ",
    .torch = "torch.optim.AdamW(params, lr={lr}, betas=({beta1}, {beta2}), eps={eps}, "
             "weight_decay={weight_decay}, **how)",
    .torch_cuda = "fused=True, capturable=graph",
    .op = OP_ADAMW,
    .lr = 1e-3,
    .weight_decay = 0.01,
};
