/* momentum: m = mu m + g; w -= lr m */
#include "optim/optim.h"

static const char *const states[] = {"momentum_buffer", NULL};

const Optimizer momentum_optimizer = {
    .name = "momentum",
    .text = "gradient descent with momentum 0.9: one number of state a weight",
    .states = states,
    .options = "momentum= states= ",
    .torch =
        "torch.optim.SGD(params, lr={lr}, momentum={momentum}, weight_decay={weight_decay}, **how)",
    .torch_cuda = "fused=True",
    .op = OP_MOMENTUM,
    .lr = 1e-2,
    .weight_decay = 0.0,
};
