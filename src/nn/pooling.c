#include "nn/pooling.h"

#include "amp/autocast.h"

Status pooling_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    TRY(shape_needs_places(shape, typed));
    if (shape->size[1] < spec->width || shape->size[2] < spec->width)
        return fail(STATUS_SHAPE,
                    "the window of '%s' is larger than the %s that comes; leave it out, or begin "
                    "with larger pictures",
                    typed, shape_print(shape, came));
    for (int i = 1; i < 3; i++)
        shape->size[i] /= spec->width;
    shape->places = true;
    return ok();
}

ValueId pooling_emit(Builder *builder, const Layer *layer, OpKind op, ValueId in)
{
    ValueId out = layer_result(
        builder, layer, autocast_format(builder, OP_CLASS_INPUT, builder_get(builder, in)->format));
    Instr *instr = builder_emit_counted(builder, op, out, in, NO_VALUE, NO_VALUE);

    instr->constants[POOL_SIDE] = (double)layer->spec.width;
    return out;
}

ValueId pooling_emit_slope(Builder *builder, Layer *layer, OpKind op, ValueId dout, ValueId saved)
{
    ValueId din = layer_in_grad(builder, layer);
    Instr *instr = builder_emit_counted(builder, op, din, dout, saved, NO_VALUE);

    instr->constants[POOL_SIDE] = (double)layer->spec.width;
    return din;
}
