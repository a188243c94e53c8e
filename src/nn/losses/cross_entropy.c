/* cross entropy: the mean over the batch of -log softmax(logits)[label]
 *
 * On CUDA PyTorch makes it of two ops, and so do we: log_softmax computes in fp32 but keeps the
 * logits' own format (cross_entropy_loss asks for it by name, so autocast does not widen it), and
 * nll_loss reads that in fp32. Measured on PyTorch 2.11: log probabilities of fp16 logits are fp16.
 * `autocast FORMAT keep=softmax` is what log_softmax gives where the learner calls it himself: fp32.
 * Source: aten/src/ATen/native/LossNLL.cpp, cross_entropy_loss_prob_target and its neighbours.
 */
#include "nn/loss_kind.h"

#include "amp/autocast.h"
#include "nn/layer.h"

static void low(const Builder *builder, Instr *instr)
{
    instr->constants[LOW_FORMAT] = autocast_forced(builder);
    instr->constants[LOW_UNSTABLE] = builder->forces && builder->unstable;
}

static void forward(Builder *builder, ValueId logits, ValueId target, LossValues *out)
{
    policy_begin(builder, "softmax");
    out->saved =
        builder_like(builder, logits, ROLE_ACTIVATION,
                     autocast_format(builder, OP_CLASS_INPUT, builder_get(builder, logits)->format),
                     "log_softmax.out");
    low(builder,
        builder_emit_counted(builder, OP_LOG_SOFTMAX, out->saved, logits, NO_VALUE, NO_VALUE));
    policy_begin(builder, NULL);
    builder_emit(builder, OP_NLL, out->loss, out->saved, target, NO_VALUE);
}

static ValueId backward(Builder *builder, ValueId logits, ValueId target, const LossValues *out)
{
    ValueId dlog = layer_grad(builder, out->saved), dlogits = layer_grad(builder, logits);

    builder_emit_counted(builder, OP_NLL_BACKWARD, dlog, out->saved, target, NO_VALUE);
    policy_begin(builder, "softmax");
    low(builder, builder_emit_counted(builder, OP_LOG_SOFTMAX_BACKWARD, dlogits, dlog, out->saved,
                                      NO_VALUE));
    policy_begin(builder, NULL);
    return dlogits;
}

const LossKind cross_entropy_loss = {
    .name = "cross-entropy",
    .text = "for classes: the mean of -log softmax at the label",
    .torch = "cross_entropy(logits, target)",
    .classes = true,
    .forward = forward,
    .backward = backward,
};
