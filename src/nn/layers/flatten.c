/* flatten: (batch, channels, height, width) -> (batch, features)
 *
 * Rows lie in memory as they did, so nothing is computed and no instruction is emitted: products
 * take a value's rows whatever its shape.
 */
#include "nn/layer.h"

static Status flatten_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    (void)spec, (void)typed;
    *shape = (Shape){.rank = 1, .size = {shape_count(shape)}};
    return ok();
}

static ValueId flatten_forward(Builder *builder, Layer *layer, ValueId in)
{
    (void)builder, (void)layer;
    return in;
}

static ValueId flatten_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    (void)builder, (void)layer;
    return needed ? dout : NO_VALUE;
}

const LayerKind flatten_layer = {
    .name = "flatten",
    .text = "makes one row of numbers of each example",
    .stem = "flatten",
    .torch = "nn.Flatten()",
    .shape = flatten_shape,
    .forward = flatten_forward,
    .backward = flatten_backward,
};
