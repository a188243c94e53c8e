/* conv: out(o, y, x) = b(o) + sum over c, i, j of W(o, c, i, j) in(c, y stride + i - pad, x stride + j - pad)
 *
 *   in (batch, c, h, w), W (o, c, k, k), b (o), out (batch, o, (h + 2 pad - k) / stride + 1, ...)
 */
#include "nn/layer.h"

#include "amp/autocast.h"

enum { WEIGHT, BIAS };

static Status conv_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    TRY(shape_needs_places(shape, typed));
    for (int i = 1; i < 3; i++)
        if (shape->size[i] + 2 * spec->pad < spec->kernel)
            return fail(
                STATUS_SHAPE,
                "the kernel of '%s' is larger than the %s that comes; try k=%lld, or pad=%lld",
                typed, shape_print(shape, came), (long long)(shape->size[i] + 2 * spec->pad),
                (long long)((spec->kernel - shape->size[i] + 1) / 2));
    shape->size[0] = spec->width;
    for (int i = 1; i < 3; i++)
        shape->size[i] = (shape->size[i] + 2 * spec->pad - spec->kernel) / spec->stride + 1;
    shape->places = true;
    return ok();
}

static void conv_declare(Builder *builder, Layer *layer)
{
    const LayerSpec *spec = &layer->spec;

    layer_declare_product(
        builder, layer, 4,
        (int64_t[]){spec->width, layer->from.size[0], spec->kernel, spec->kernel});
}

static ValueId emit(Builder *builder, const Layer *layer, OpKind op, ValueId out, ValueId in0,
                    ValueId in1, ValueId in2)
{
    Instr *instr = builder_emit_counted(builder, op, out, in0, in1, in2);

    instr->constants[CONV_STRIDE] = (double)layer->spec.stride;
    instr->constants[CONV_PAD] = (double)layer->spec.pad;
    return out;
}

static ValueId conv_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId x = autocast_low(builder, in);
    ValueId weight = autocast_low(builder, layer->params[WEIGHT]);
    ValueId bias = autocast_addend(builder, layer->params[BIAS]);
    ValueId out =
        layer_result(builder, layer, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));

    return emit(builder, layer, OP_CONV2D, out, x, weight, bias);
}

static ValueId conv_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId x = autocast_low(builder, layer->in), dlow = autocast_low(builder, dout);
    Format format = autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32);
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], format);
    ValueId db = layer_param_grad(builder, layer->params[BIAS], format);
    ValueId dx = NO_VALUE;

    if (needed) {
        dx = layer_product_grad(builder, layer);
        emit(builder, layer, OP_CONV2D_DX, dx, dlow, autocast_low(builder, layer->params[WEIGHT]),
             NO_VALUE);
        dx = layer_widened(builder, dx);
    }
    emit(builder, layer, OP_CONV2D_DW, dw, dlow, x, NO_VALUE);
    emit(builder, layer, OP_CONV2D_DB, db, dout, NO_VALUE, NO_VALUE);
    return dx;
}

const LayerKind conv_layer = {
    .name = "conv",
    .text =
        "conv CHANNELS [k=3] [stride=1] [pad=0]: a kernel slides over each picture; its products "
        "are those of linear",
    .stem = "conv",
    .torch = "nn.Conv2d({in}, {out}, {kernel}, stride={stride}, padding={pad})",
    .number = "number of channels",
    .usual = "32",
    .slides = true,
    .shape = conv_shape,
    .declare = conv_declare,
    .forward = conv_forward,
    .backward = conv_backward,
};
