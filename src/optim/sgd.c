/* sgd: w -= lr g */
#include "optim/optim.h"

static const char *const states[] = {NULL};

const Optimizer sgd_optimizer = {
    .name = "sgd",
    .text = "plain gradient descent: no state",
    .states = states,
    .options = "",
    .torch = "torch.optim.SGD(params, lr={lr}, weight_decay={weight_decay}, **how)",
    .torch_cuda = "fused=True",
    .op = OP_SGD,
    .lr = 1e-2,
    .weight_decay = 0.0,
};
