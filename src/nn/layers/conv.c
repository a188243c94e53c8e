/* conv: out(o, y, x) = b(o) + sum over c, i, j of W(o, c, i, j) in(c, y stride + i - pad, x stride + j - pad)
 *
 *   in (batch, c, h, w), W (o, c, k, k), b (o), out (batch, o, (h + 2 pad - k) / stride + 1, ...)
 */
#include "nn/layer.h"

#include "amp/autocast.h"

enum { WEIGHT, BIAS };

/* Numbers of a weight, and of a result of one example; taps of all its places, which lie beside each other
 * while it is computed. */
enum { MOST = 1 << 30, MOST_TAPS = 1 << 28 };

static Status check_size(const LayerSpec *spec, const char *typed, const Shape *from,
                         const Shape *to)
{
    int64_t pairs = spec->width * from->size[0], square = spec->kernel * spec->kernel;
    int64_t places = to->size[1] * to->size[2];
    char gives[SHAPE_TEXT];

    if (square <= MOST / pairs && places <= MOST / spec->width &&
        places <= MOST_TAPS / (from->size[0] * square))
        return ok();
    return fail(
        STATUS_SHAPE,
        "'%s' has %lld x %lld kernels of %lld and gives %s; that is too much for one layer, so "
        "make it smaller",
        typed, (long long)spec->width, (long long)from->size[0], (long long)square,
        shape_print(to, gives));
}

static Status conv_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];
    Shape to;

    TRY(shape_needs_places(shape, typed));
    for (int i = 1; i < 3; i++) {
        long long room = shape->size[i] + 2 * spec->pad, pad = spec->kernel - shape->size[i] + 1;

        if (room < spec->kernel)
            return fail(
                STATUS_SHAPE,
                "the kernel of '%s' is larger than the %s that comes; try k=%lld, or pad=%lld",
                typed, shape_print(shape, came), room, pad / 2);
    }
    to = (Shape){.size = {spec->width}, .rank = 3, .places = true};
    for (int i = 1; i < 3; i++)
        to.size[i] = (shape->size[i] + 2 * spec->pad - spec->kernel) / spec->stride + 1;
    TRY(check_size(spec, typed, shape, &to));
    *shape = to;
    return ok();
}

static void conv_declare(Builder *builder, Layer *layer)
{
    const LayerSpec *spec = &layer->spec;

    layer_declare_product(
        builder, layer, 4,
        (int64_t[]){spec->width, layer->from.size[0], spec->kernel, spec->kernel});
}

static void slide(Instr *instr, const Layer *layer)
{
    instr->constants[CONV_STRIDE] = (double)layer->spec.stride;
    instr->constants[CONV_PAD] = (double)layer->spec.pad;
}

static ValueId conv_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId x = autocast_low(builder, in);
    ValueId weight = autocast_low(builder, layer->params[WEIGHT]);
    ValueId bias = autocast_addend(builder, layer->params[BIAS]);
    ValueId out =
        layer_result(builder, layer, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));

    slide(builder_emit_counted(builder, OP_CONV2D, out, x, weight, bias), layer);
    return out;
}

static ValueId conv_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId x = autocast_low(builder, layer->in), dlow = autocast_low(builder, dout);
    Format format = autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32);
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], format);
    ValueId db = layer_param_grad(builder, layer->params[BIAS], format);
    ValueId weight = autocast_low(builder, layer->params[WEIGHT]), dx = NO_VALUE;

    if (needed) {
        dx = layer_product_grad(builder, layer_in_grad(builder, layer));
        slide(builder_emit_counted(builder, OP_CONV2D_DX, dx, dlow, weight, NO_VALUE), layer);
        dx = layer_widened(builder, dx);
    }
    slide(builder_emit_counted(builder, OP_CONV2D_DW, dw, dlow, x, NO_VALUE), layer);
    builder_emit_counted(builder, OP_CONV2D_DB, db, dout, NO_VALUE, NO_VALUE);
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
