/* dropout: out = 0 at random with a probability of `rate`, else x / (1 - rate); over held-out examples: x
 *
 *   x, out: any shape, the same, in the format that comes; the gradient is dropped where x was
 */
#include "nn/layer.h"

#include "amp/autocast.h"

static void emit(Builder *builder, const Layer *layer, ValueId out, ValueId in)
{
    Instr *instr = builder_emit_counted(builder, OP_DROPOUT, out, in, NO_VALUE, NO_VALUE);

    instr->constants[DROPOUT_RATE] = layer->spec.rate;
    instr->constants[DROPOUT_PLACE] = (double)layer->place;
}

static ValueId dropout_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId out;

    if (layer->held_out)
        return in;
    out = builder_like(builder, in, ROLE_ACTIVATION,
                       autocast_format(builder, OP_CLASS_INPUT, builder_get(builder, in)->format),
                       "%s.out", layer->name);
    emit(builder, layer, out, in);
    return out;
}

static ValueId dropout_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId din;

    if (!needed)
        return NO_VALUE;
    din = layer_in_grad(builder, layer);
    emit(builder, layer, din, dout);
    return din;
}

const LayerKind dropout_layer = {
    .name = "dropout",
    .text = "dropout SHARE: zeros at random while training, the rest larger by as much",
    .stem = "drop",
    .torch = "nn.Dropout({rate})",
    .drops = true,
    .forward = dropout_forward,
    .backward = dropout_backward,
};
