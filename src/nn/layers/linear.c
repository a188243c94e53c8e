/* linear: out = x W^T + b
 *
 *   x (batch, ...) with `in` numbers a row, or (batch, time, in), W (out, in), b (out), out likewise
 */
#include "nn/linear.h"

#include "amp/autocast.h"

enum { WEIGHT };

static Status linear_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    if (shape->places)
        return fail(STATUS_SHAPE,
                    "'%s' takes a row of numbers, and %s comes; put flatten before it", typed,
                    shape_print(shape, came));
    if (shape->rank == 2)
        shape->size[1] = spec->width;
    else
        *shape = (Shape){.rank = 1, .size = {spec->width}};
    return ok();
}

static void linear_declare(Builder *builder, Layer *layer)
{
    layer_declare_product(builder, layer, 2,
                          (int64_t[]){layer->spec.width, shape_width(&layer->from)});
}

static ValueId linear_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId out =
        layer_result(builder, layer, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));

    linear_emit(builder, out, in, &layer->params[WEIGHT]);
    return out;
}

static ValueId linear_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId din = needed ? layer_in_grad(builder, layer) : NO_VALUE;

    linear_emit_gradients(builder, din, dout, layer->in, &layer->params[WEIGHT]);
    return din;
}

const LayerKind linear_layer = {
    .name = "linear",
    .text =
        "linear WIDTH: out = x W^T + b; the products of mixed precision; the last needs no width",
    .stem = "fc",
    .torch = "nn.Linear({in}, {out})",
    .number = "width",
    .usual = "128",
    .ends = true,
    .shape = linear_shape,
    .declare = linear_declare,
    .forward = linear_forward,
    .backward = linear_backward,
};
