/* mean squared error: the mean over all numbers of (out - target)^2 */
#include "nn/loss_kind.h"

const LossKind mse_loss = {
    .name = "mse",
    .text = "for numbers: the mean of (out - target)^2",
    .classes = false,
    .op = OP_MSE,
    .backward = OP_MSE_BACKWARD,
};
