/* position: out = x + W[t] at each place t of a sequence
 *
 *   x (batch, time, width) in any format, W (time, width), out like x: in fp32 where either is, as PyTorch
 *   adds
 *
 * W begins as zeros, so that no place differs from another until training has found that it should.
 */
#include "nn/layer.h"

enum { WEIGHT };

static Status position_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    (void)spec;
    if (shape->rank == 2)
        return ok();
    return fail(STATUS_SHAPE,
                "'%s' takes a sequence, and %s comes; say data text, and put it behind embedding",
                typed, shape_print(shape, came));
}

static void position_declare(Builder *builder, Layer *layer)
{
    layer->params[WEIGHT] =
        layer_declare(builder, layer, "weight", 2, layer->from.size, FAN_IN_ZEROS);
}

static ValueId position_forward(Builder *builder, Layer *layer, ValueId in)
{
    Format weight = builder_weights(builder), arrives = builder_get(builder, in)->format;
    ValueId out = layer_result(builder, layer, weight == arrives ? weight : FORMAT_FP32);

    builder_emit_counted(builder, OP_POSITION, out, in, layer->params[WEIGHT], NO_VALUE);
    return out;
}

/* The gradient goes on as it came, but in the format of what came. */
static ValueId gradient_of_input(Builder *builder, const Layer *layer, ValueId dout)
{
    ValueId din;

    if (builder_get(builder, layer->in)->format == builder_get(builder, dout)->format)
        return dout;
    din = layer_in_grad(builder, layer);
    builder_emit_counted(builder, OP_CAST, din, dout, NO_VALUE, NO_VALUE);
    return din;
}

static ValueId position_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], builder_weights(builder));

    builder_emit_counted(builder, OP_POSITION_DW, dw, dout, NO_VALUE, NO_VALUE);
    return needed ? gradient_of_input(builder, layer, dout) : NO_VALUE;
}

const LayerKind position_layer = {
    .name = "position",
    .text =
        "adds to each place of a sequence a row of numbers of its own, which are learnt; in fp32",
    .stem = "pos",
    .torch = "Position({out}, {in})",
    .torch_class = "class Position(nn.Module):\n"
                   "    def __init__(self, time, width):\n"
                   "        super().__init__()\n"
                   "        self.weight = nn.Parameter(torch.zeros(time, width))\n"
                   "\n"
                   "    def forward(self, x):\n"
                   "        return x + self.weight\n",
    .shape = position_shape,
    .declare = position_declare,
    .forward = position_forward,
    .backward = position_backward,
};
