/* cross entropy: the mean over the batch of -log softmax(logits)[label] */
#include "nn/loss_kind.h"

const LossKind cross_entropy_loss = {
    .name = "cross-entropy",
    .text = "for classes: the mean of -log softmax at the label",
    .classes = true,
    .op = OP_CROSS_ENTROPY,
    .backward = OP_CROSS_ENTROPY_BACKWARD,
};
