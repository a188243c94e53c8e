#include "nn/layer.h"

#include <string.h>

const LayerKind *const layer_table[] = {
#define LAYER_ENTRY(name) &name##_layer,
    LAYERS(LAYER_ENTRY)
#undef LAYER_ENTRY
        NULL,
};

const LayerKind *layer_find(const char *name)
{
    for (int i = 0; layer_table[i] != NULL; i++)
        if (strcmp(layer_table[i]->name, name) == 0)
            return layer_table[i];
    return NULL;
}

ValueId layer_emit_activation(Builder *builder, Layer *layer, OpKind op, ValueId in)
{
    ValueId out = builder_like(builder, in, ROLE_ACTIVATION, builder_get(builder, in)->format,
                               "%s.out", layer->name);

    builder_emit_counted(builder, op, out, in, NO_VALUE, NO_VALUE);
    return out;
}

ValueId layer_emit_slope(Builder *builder, Layer *layer, OpKind op, ValueId dout, ValueId saved)
{
    ValueId din = layer_grad(builder, layer->in);

    builder_emit_counted(builder, op, din, dout, saved, NO_VALUE);
    return din;
}

ValueId layer_grad(Builder *builder, ValueId value)
{
    Value of = *builder_get(builder, value);

    return builder_like(builder, value, ROLE_ACTIVATION_GRAD, of.format, "%.42s.grad", of.name);
}
