/* tanh: out = tanh(x); its slope is taken from the output, as PyTorch does */
#include "nn/layer.h"

static ValueId tanh_forward(Builder *builder, Layer *layer, ValueId in)
{
    return layer_emit_activation(builder, layer, OP_TANH, in);
}

static ValueId tanh_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    return needed ? layer_emit_slope(builder, layer, OP_TANH_BACKWARD, dout, layer->out) : NO_VALUE;
}

const LayerKind tanh_layer = {
    .name = "tanh",
    .text = "hyperbolic tangent",
    .stem = "tanh",
    .torch = "nn.Tanh()",
    .activation = true,
    .forward = tanh_forward,
    .backward = tanh_backward,
};
