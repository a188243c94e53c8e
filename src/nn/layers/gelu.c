/* gelu: out = x P(x), with P the standard normal distribution function (the exact form, by erf) */
#include "nn/layer.h"

static ValueId gelu_forward(Builder *builder, Layer *layer, ValueId in)
{
    return layer_emit_activation(builder, layer, OP_GELU, in);
}

static ValueId gelu_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    return needed ? layer_emit_slope(builder, layer, OP_GELU_BACKWARD, dout, layer->in) : NO_VALUE;
}

const LayerKind gelu_layer = {
    .name = "gelu",
    .text = "x times the normal distribution function, exact form",
    .stem = "gelu",
    .torch = "nn.GELU()",
    .activation = true,
    .forward = gelu_forward,
    .backward = gelu_backward,
};
