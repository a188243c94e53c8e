/* batchnorm: out = (x - mean) / sqrt(variance + 1e-5) w + b, over batch and places of each channel
 *
 *   x, out (batch, c, h, w) or (batch, c) in the format that comes; w, b, statistics (c) in that of weights
 *
 * Over held-out examples mean and variance are the running ones, which move in each forward pass while
 * training: in a step that is skipped too, as in PyTorch.
 * Source: aten/src/ATen/native/Normalization.cpp; torch/nn/modules/batchnorm.py.
 */
#include "nn/layer.h"

#include "amp/autocast.h"

#include <stdio.h>

enum { WEIGHT, BIAS };
enum { MEAN, VARIANCE };

static const double share = 0.1; /* PyTorch's momentum */

static Status batchnorm_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    (void)spec;
    if (shape->rank != 2)
        return ok();
    return fail(STATUS_SHAPE, "'%s' takes pictures or rows of numbers, and %s comes; try layernorm",
                typed, shape_print(shape, came));
}

static void batchnorm_declare(Builder *builder, Layer *layer)
{
    const struct {
        const char *part;
        int64_t begin;
        ValueId *id;
    } parts[] = {
        {"weight", FAN_IN_ONES, &layer->params[WEIGHT]},
        {"bias", FAN_IN_ZEROS, &layer->params[BIAS]},
        {"running_mean", FAN_IN_ZEROS, &layer->running[MEAN]},
        {"running_var", FAN_IN_ONES, &layer->running[VARIANCE]},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[VALUE_NAME];

        snprintf(name, sizeof name, "%s.%s", layer->name, parts[i].part);
        *parts[i].id = builder_param(builder, 1, layer->from.size, parts[i].begin, name);
    }
}

/* Mean and variance of the batch, and what the running ones become by them. */
static void emit_moments(Builder *builder, Layer *layer, ValueId in)
{
    int64_t numbers = channel_numbers(builder_get(builder, in), layer->from.size[0]);
    double factors[] = {1.0, (double)numbers / (double)(numbers - 1)};

    layer->moments[MEAN] = builder_value(builder, ROLE_ACTIVATION, FORMAT_FP32, 1, layer->from.size,
                                         "%s.mean", layer->name);
    layer->moments[VARIANCE] = builder_value(builder, ROLE_ACTIVATION, FORMAT_FP32, 1,
                                             layer->from.size, "%s.var", layer->name);
    builder_emit(builder, OP_BATCH_MEAN, layer->moments[MEAN], in, NO_VALUE, NO_VALUE);
    builder_emit(builder, OP_BATCH_VAR, layer->moments[VARIANCE], in, layer->moments[MEAN],
                 NO_VALUE);
    for (int i = MEAN; i <= VARIANCE; i++) {
        Instr *instr = builder_emit(builder, OP_RUNNING, NO_VALUE, layer->running[i],
                                    layer->moments[i], NO_VALUE);

        instr->constants[RUNNING_SHARE] = share;
        instr->constants[RUNNING_FACTOR] = factors[i];
    }
}

static ValueId batchnorm_forward(Builder *builder, Layer *layer, ValueId in)
{
    Format arrives = builder_get(builder, in)->format;
    const ValueId *by = layer->held_out ? layer->running : layer->moments;
    ValueId out;
    Instr *instr;

    if (!layer->held_out)
        emit_moments(builder, layer, in);
    out = builder_like(builder, in, ROLE_ACTIVATION,
                       autocast_format(builder, OP_CLASS_INPUT, arrives), "%s.out", layer->name);
    instr = builder_emit_counted(builder, OP_BATCHNORM, out, in, by[MEAN], by[VARIANCE]);
    instr->in[3] = layer->params[WEIGHT];
    instr->in[4] = layer->params[BIAS];
    return out;
}

static ValueId batchnorm_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    Format kept = builder_weights(builder);
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], kept);
    ValueId db = layer_param_grad(builder, layer->params[BIAS], kept);
    ValueId mean = layer->moments[MEAN], variance = layer->moments[VARIANCE], dx = NO_VALUE;
    Instr *instr;

    if (needed) {
        dx = layer_in_grad(builder, layer);
        instr = builder_emit_counted(builder, OP_BATCHNORM_DX, dx, dout, layer->in, mean);
        instr->in[3] = variance;
        instr->in[4] = layer->params[WEIGHT];
    }
    instr = builder_emit_counted(builder, OP_BATCHNORM_DW, dw, dout, layer->in, mean);
    instr->in[3] = variance;
    builder_emit_counted(builder, layer->from.rank == 3 ? OP_CONV2D_DB : OP_LINEAR_DB, db, dout,
                         NO_VALUE, NO_VALUE);
    return dx;
}

const LayerKind batchnorm_layer = {
    .name = "batchnorm",
    .text = "brings each channel of a batch to mean 0 and variance 1, then scales and shifts; its "
            "running statistics move in every forward pass, also where the step is skipped",
    .stem = "bn",
    .torch = "nn.BatchNorm{places}d({in})",
    .shape = batchnorm_shape,
    .declare = batchnorm_declare,
    .forward = batchnorm_forward,
    .backward = batchnorm_backward,
};
