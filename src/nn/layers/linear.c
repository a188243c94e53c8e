/* linear: out = x W^T + b
 *
 *   x (batch, ...) with `in` numbers a row, or (batch, time, in), W (out, in), b (out), out likewise
 */
#include "nn/layer.h"

#include "amp/autocast.h"

enum { WEIGHT, BIAS };

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
    ValueId x = autocast_low(builder, in);
    ValueId weight = autocast_low(builder, layer->params[WEIGHT]);
    ValueId bias = autocast_addend(builder, layer->params[BIAS]);
    ValueId out =
        layer_result(builder, layer, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));

    builder_emit_counted(builder, OP_LINEAR, out, x, weight, bias);
    return out;
}

static ValueId linear_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId x = autocast_low(builder, layer->in), dlow = autocast_low(builder, dout);
    Format format = autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32);
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], format);
    ValueId db = layer_param_grad(builder, layer->params[BIAS], format);
    ValueId dx = NO_VALUE;

    if (needed) {
        dx = layer_product_grad(builder, layer);
        builder_emit_counted(builder, OP_LINEAR_DX, dx, dlow,
                             autocast_low(builder, layer->params[WEIGHT]), NO_VALUE);
        dx = layer_widened(builder, dx);
    }
    builder_emit_counted(builder, OP_LINEAR_DW, dw, dlow, x, NO_VALUE);
    builder_emit_counted(builder, OP_LINEAR_DB, db, dout, NO_VALUE, NO_VALUE);
    return dx;
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
