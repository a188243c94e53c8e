/* pool: out(c, y, x) = max over i, j below s of in(c, y s + i, x s + j)
 *
 *   in (batch, c, h, w), out (batch, c, h / s, w / s), in the format that comes
 */
#include "nn/pooling.h"

static ValueId pool_forward(Builder *builder, Layer *layer, ValueId in)
{
    return pooling_emit(builder, layer, OP_MAXPOOL, in);
}

static ValueId pool_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    return needed ? pooling_emit_slope(builder, layer, OP_MAXPOOL_BACKWARD, dout, layer->in)
                  : NO_VALUE;
}

const LayerKind pool_layer = {
    .name = "pool",
    .text = "pool SIDE: the largest number of each window; exact in any format",
    .stem = "pool",
    .torch = "nn.MaxPool2d({width})",
    .number = "side",
    .usual = "2",
    .shape = pooling_shape,
    .forward = pool_forward,
    .backward = pool_backward,
};
