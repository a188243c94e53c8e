/* layernorm: out = (x - mean) / sqrt(variance + 1e-5) w + b, over the numbers of an example
 *
 *   x (batch, i), or (batch, time, i), in any format, w, b (i), out like x in fp32, as autocast has it; or
 *   in the low format, and all between rounded to it too, where that is forced
 */
#include "nn/layer.h"

#include "amp/autocast.h"

enum { WEIGHT, BIAS };

static Status layernorm_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    (void)spec;
    if (shape->rank < 3)
        return ok();
    return fail(STATUS_SHAPE, "'%s' takes a row of numbers, and %s comes; put flatten before it",
                typed, shape_print(shape, came));
}

static void layernorm_declare(Builder *builder, Layer *layer)
{
    int64_t width = shape_width(&layer->from);

    layer->params[WEIGHT] = layer_declare(builder, layer, "weight", 1, &width, FAN_IN_ONES);
    layer->params[BIAS] = layer_declare(builder, layer, "bias", 1, &width, FAN_IN_ZEROS);
}

static void low(const Builder *builder, Instr *instr)
{
    instr->constants[LOW_FORMAT] = autocast_forced(builder);
}

static ValueId layernorm_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId out = layer_result(
        builder, layer, autocast_format(builder, OP_CLASS_FP32, builder_get(builder, in)->format));

    low(builder, builder_emit_counted(builder, OP_LAYERNORM, out, in, layer->params[WEIGHT],
                                      layer->params[BIAS]));
    return out;
}

static ValueId layernorm_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    Format kept = builder->forces ? autocast_forced(builder) : builder_weights(builder);
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], kept);
    ValueId db = layer_param_grad(builder, layer->params[BIAS], kept);
    ValueId dx = NO_VALUE;

    if (needed) {
        dx = layer_in_grad(builder, layer);
        low(builder, builder_emit_counted(builder, OP_LAYERNORM_DX, dx, dout, layer->in,
                                          layer->params[WEIGHT]));
    }
    low(builder, builder_emit_counted(builder, OP_LAYERNORM_DW, dw, dout, layer->in, NO_VALUE));
    builder_emit_counted(builder, OP_LINEAR_DB, db, dout, NO_VALUE, NO_VALUE);
    return dx;
}

const LayerKind layernorm_layer = {
    .name = "layernorm",
    .text = "brings each example to mean 0 and variance 1, then scales and shifts; in fp32",
    .stem = "norm",
    .torch = "nn.LayerNorm({in})",
    .shape = layernorm_shape,
    .declare = layernorm_declare,
    .forward = layernorm_forward,
    .backward = layernorm_backward,
};
