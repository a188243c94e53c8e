/* avgpool: out(c, y, x) = mean over i, j below s of in(c, y s + i, x s + j)
 *
 *   in (batch, c, h, w), out (batch, c, h / s, w / s), in the format that comes
 */
#include "nn/pooling.h"

static ValueId avgpool_forward(Builder *builder, Layer *layer, ValueId in)
{
    return pooling_emit(builder, layer, OP_AVGPOOL, in);
}

static ValueId avgpool_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    return needed ? pooling_emit_slope(builder, layer, OP_AVGPOOL_BACKWARD, dout, NO_VALUE)
                  : NO_VALUE;
}

const LayerKind avgpool_layer = {
    .name = "avgpool",
    .text = "avgpool SIDE: the mean of each window, summed in fp32",
    .stem = "avgpool",
    .torch = "nn.AvgPool2d({width})",
    .number = "side",
    .usual = "2",
    .shape = pooling_shape,
    .forward = avgpool_forward,
    .backward = avgpool_backward,
};
