/* relu: out = max(x, 0) */
#include "nn/layer.h"

static ValueId relu_forward(Builder *builder, Layer *layer, ValueId in)
{
    return layer_emit_activation(builder, layer, OP_RELU, in);
}

static ValueId relu_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    return needed ? layer_emit_slope(builder, layer, OP_RELU_BACKWARD, dout, layer->in) : NO_VALUE;
}

const LayerKind relu_layer = {
    .name = "relu",
    .text = "max(x, 0); its zeros are true zeros, not underflow",
    .stem = "relu",
    .torch = "nn.ReLU()",
    .activation = true,
    .forward = relu_forward,
    .backward = relu_backward,
};
