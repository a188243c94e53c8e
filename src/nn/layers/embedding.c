/* embedding: out = W[c], the row of each character c
 *
 *   x (batch, time) characters, W (characters, width), out (batch, time, width) in the format of W
 *
 * Autocast leaves it alone, as PyTorch's: a table in fp32 gives fp32, and the product behind it casts. W begins
 * as that of nn.Embedding does, in standard normal numbers: no sum follows whose size they would change.
 */
#include "nn/layer.h"

enum { WEIGHT };

static Status embedding_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    if (shape->characters == 0)
        return fail(STATUS_SHAPE, "'%s' takes characters, and %s comes; say data text", typed,
                    shape_print(shape, came));
    *shape = (Shape){.rank = 2, .size = {shape->size[0], spec->width}};
    return ok();
}

static void embedding_declare(Builder *builder, Layer *layer)
{
    const int64_t size[] = {layer->from.characters, layer->spec.width};

    layer->params[WEIGHT] = layer_declare(builder, layer, "weight", 2, size, FAN_IN_NORMAL);
}

static ValueId embedding_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId out = layer_result(builder, layer, builder_weights(builder));

    builder_emit_counted(builder, OP_EMBEDDING, out, in, layer->params[WEIGHT], NO_VALUE);
    return out;
}

static ValueId embedding_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId dw = layer_param_grad(builder, layer->params[WEIGHT], builder_weights(builder));

    (void)needed; /* characters have no gradient */
    builder_emit_counted(builder, OP_EMBEDDING_DW, dw, dout, layer->in, NO_VALUE);
    return NO_VALUE;
}

const LayerKind embedding_layer = {
    .name = "embedding",
    .text = "embedding WIDTH: a row of a table for each character of a text; in fp32",
    .stem = "emb",
    .torch = "nn.Embedding({out}, {in})",
    .number = "width",
    .usual = "64",
    .embeds = true,
    .shape = embedding_shape,
    .declare = embedding_declare,
    .forward = embedding_forward,
    .backward = embedding_backward,
};
