/* adam: m and v are running means of g and g^2; w -= lr m^ / (sqrt v^ + eps) */
#include "optim/optim.h"

static const char *const states[] = {"exp_avg", "exp_avg_sq", NULL};

const Optimizer adam_optimizer = {
    .name = "adam",
    .text = "adaptive steps: two numbers of state a weight",
    .states = states,
    .options = "beta1= beta2= eps= states= ",
    .torch = "torch.optim.Adam(params, lr={lr}, betas=({beta1}, {beta2}), eps={eps}, "
             "weight_decay={weight_decay}, **how)",
    .torch_cuda = "fused=True, capturable=graph",
    .op = OP_ADAM,
    .lr = 1e-3,
    .weight_decay = 0.0,
};
