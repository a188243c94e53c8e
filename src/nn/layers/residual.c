/* residual: out = path(in) + shortcut(in), or path(in) + in
 *
 *   both of one shape; the sum is in the wider of their formats, as PyTorch promotes them
 *
 * The gradient goes down both ways as it comes, each in the format of what it is the gradient of, and
 * where the ways part it is the sum of what both bring.
 */
#include "nn/layer.h"

#include "amp/autocast.h"

static Format format_of(const Builder *builder, ValueId value)
{
    return builder_get(builder, value)->format;
}

/* What stands before the end has come along the shortcut, if there is one, else along the path. */
static ValueId emit_sum(Builder *builder, Layer *end)
{
    ValueId path = end->shortcut != NULL ? end->shortcut->in : end->in;
    ValueId other = end->shortcut != NULL ? end->in : end->begin->in;
    Format format = format_of(builder, path), wide = format_of(builder, other);
    ValueId out = layer_result(builder, end, format == wide ? format : FORMAT_FP32);

    builder_emit_counted(builder, OP_ADD, out, path, other, NO_VALUE);
    return out;
}

static ValueId residual_forward(Builder *builder, Layer *layer, ValueId in)
{
    switch (layer->spec.part) {
    case BLOCK_SHORTCUT:
        return layer->begin->in;
    case BLOCK_END:
        return emit_sum(builder, layer);
    default:
        return in;
    }
}

/* The block's own gradient, to what came to this part of it. */
static ValueId hand_down(Builder *builder, const Layer *part)
{
    return autocast_to(builder, part->end->grad, format_of(builder, part->in));
}

static ValueId emit_join(Builder *builder, const Layer *begin, ValueId along)
{
    ValueId other = begin->shortcut != NULL ? begin->shortcut->grad : hand_down(builder, begin);
    ValueId din = layer_in_grad(builder, begin);

    builder_emit_counted(builder, OP_ADD, din, along, other, NO_VALUE);
    return din;
}

static ValueId residual_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    layer->grad = dout;
    if (!needed)
        return NO_VALUE;
    return layer->spec.part == BLOCK_BEGIN ? emit_join(builder, layer, dout)
                                           : hand_down(builder, layer);
}

const LayerKind residual_layer = {
    .name = "residual",
    .text = "residual (LAYERS): what came plus what they make of it; behind a bar may stand a "
            "shortcut, which what came then takes",
    .stem = "add",
    .block = true,
    .forward = residual_forward,
    .backward = residual_backward,
};
