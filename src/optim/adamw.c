/* adamw: w *= 1 - lr decay, then as adam */
#include "optim/optim.h"

static const char *const states[] = {"exp_avg", "exp_avg_sq", NULL};

const Optimizer adamw_optimizer = {
    .name = "adamw",
    .text = "adam with decoupled weight decay 0.01",
    .states = states,
    .options = "beta1= beta2= eps= ",
    .op = OP_ADAMW,
    .lr = 1e-3,
    .weight_decay = 0.01,
};
