/* flatten: (batch, channels, height, width) -> (batch, features)
 *
 * Rows lie in memory as they did, so nothing is computed and no instruction is emitted: products
 * take a value's rows whatever its shape.
 */
#include "nn/layer.h"

static Status flatten_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    (void)spec;
    if (shape->rank == 2)
        return fail(STATUS_SHAPE,
                    "'%s' is for pictures, and a sequence of %s comes; leave it out, for linear "
                    "takes each place of it",
                    typed, shape_print(shape, came));
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
