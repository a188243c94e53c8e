/* mean squared error: the mean over all numbers of (out - target)^2 */
#include "nn/loss_kind.h"

#include "nn/layer.h"

static void forward(Builder *builder, ValueId logits, ValueId target, LossValues *out)
{
    builder_emit(builder, OP_MSE, out->loss, logits, target, NO_VALUE);
}

static ValueId backward(Builder *builder, ValueId logits, ValueId target, const LossValues *out)
{
    ValueId dlogits = layer_grad(builder, logits);

    (void)out;
    builder_emit_counted(builder, OP_MSE_BACKWARD, dlogits, logits, target, NO_VALUE);
    return dlogits;
}

const LossKind mse_loss = {
    .name = "mse",
    .text = "for numbers: the mean of (out - target)^2",
    .torch = "F.mse_loss(logits, target)",
    .classes = false,
    .forward = forward,
    .backward = backward,
};
