/* linear: out = x W^T + b
 *
 *   x (batch, ...) with `in` numbers a row, W (out, in), b (out), out (batch, out)
 */
#include "nn/layer.h"

#include "amp/autocast.h"

enum { WEIGHT, BIAS };

static void linear_declare(Builder *builder, Layer *layer, const Value *in)
{
    int64_t fan_in = value_count(in) / in->shape[0];
    char name[VALUE_NAME];
    Text text = {0};

    text_printf(&text, "%s.weight", layer->name);
    text_copy(name, sizeof name, text_chars(&text));
    layer->params[WEIGHT] =
        builder_param(builder, 2, (int64_t[]){layer->width, fan_in}, fan_in, name);
    text_clear(&text);
    text_printf(&text, "%s.bias", layer->name);
    layer->params[BIAS] =
        builder_param(builder, 1, (int64_t[]){layer->width}, fan_in, text_chars(&text));
    text_release(&text);
    (void)autocast_low(builder, layer->params[WEIGHT]);
    (void)autocast_addend(builder, layer->params[BIAS]);
}

static ValueId linear_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId x = autocast_low(builder, in);
    ValueId weight = autocast_low(builder, layer->params[WEIGHT]);
    ValueId bias = autocast_addend(builder, layer->params[BIAS]);
    int64_t shape[] = {builder_get(builder, x)->shape[0], layer->width};
    ValueId out = builder_value(builder, ROLE_ACTIVATION,
                                autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32), 2, shape,
                                "%s.out", layer->name);

    builder_emit_counted(builder, OP_LINEAR, out, x, weight, bias);
    return out;
}

static ValueId param_grad(Builder *builder, ValueId master)
{
    Value of = *builder_get(builder, master);
    Format format = autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32);
    ValueId grad = builder_like(builder, master, ROLE_WEIGHT_GRAD, format, "%.42s.grad", of.name);

    builder_grad(builder, master, grad);
    return grad;
}

static ValueId linear_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId x = autocast_low(builder, layer->in), dlow = autocast_low(builder, dout);
    ValueId dw = param_grad(builder, layer->params[WEIGHT]);
    ValueId db = param_grad(builder, layer->params[BIAS]);
    ValueId dx = NO_VALUE;

    /* A gradient is needed only above a trained layer, and there `in` came from a product. */
    if (needed) {
        dx = layer_grad(builder, layer->in);
        builder_emit_counted(builder, OP_LINEAR_DX, dx, dlow,
                             autocast_low(builder, layer->params[WEIGHT]), NO_VALUE);
    }
    builder_emit_counted(builder, OP_LINEAR_DW, dw, dlow, x, NO_VALUE);
    builder_emit_counted(builder, OP_LINEAR_DB, db, dout, NO_VALUE, NO_VALUE);
    return dx;
}

const LayerKind linear_layer = {
    .name = "linear",
    .text = "linear WIDTH: out = x W^T + b; the products of mixed precision",
    .stem = "fc",
    .torch = "nn.Linear({in}, {out})",
    .takes_width = true,
    .declare = linear_declare,
    .forward = linear_forward,
    .backward = linear_backward,
};
