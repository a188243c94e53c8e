#include "nn/layer.h"

#include "amp/autocast.h"

#include <stdio.h>
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
    Format format = autocast_format(builder, OP_CLASS_INPUT, builder_get(builder, in)->format);
    ValueId out = builder_like(builder, in, ROLE_ACTIVATION, format, "%s.out", layer->name);

    builder_emit_counted(builder, op, out, in, NO_VALUE, NO_VALUE);
    return out;
}

ValueId layer_emit_slope(Builder *builder, Layer *layer, OpKind op, ValueId dout, ValueId saved)
{
    ValueId din = layer_in_grad(builder, layer);

    builder_emit_counted(builder, op, din, dout, saved, NO_VALUE);
    return din;
}

ValueId layer_grad(Builder *builder, ValueId value)
{
    Value of = *builder_get(builder, value);

    return builder_like(builder, value, ROLE_ACTIVATION_GRAD, of.format, "%.42s.grad", of.name);
}

ValueId layer_in_grad(Builder *builder, const Layer *layer)
{
    Value of = *builder_get(builder, layer->in);
    const Layer *through = layer->end != NULL ? layer->end : layer;

    if (!layer->shared)
        return layer_grad(builder, layer->in);
    return builder_like(builder, layer->in, ROLE_ACTIVATION_GRAD, of.format, "%.30s.grad.%.11s",
                        of.name, through->name);
}

int64_t shape_count(const Shape *shape)
{
    int64_t count = 1;

    for (int i = 0; i < shape->rank; i++)
        count *= shape->size[i];
    return count;
}

int64_t shape_width(const Shape *shape)
{
    return shape->rank == 2 ? shape->size[1] : shape_count(shape);
}

bool shape_same(const Shape *a, const Shape *b)
{
    return a->rank == b->rank && memcmp(a->size, b->size, (size_t)a->rank * sizeof *a->size) == 0;
}

const char *shape_print(const Shape *shape, char text[SHAPE_TEXT])
{
    if (shape->rank == 3)
        snprintf(text, SHAPE_TEXT, "%lld x %lld x %lld", (long long)shape->size[0],
                 (long long)shape->size[1], (long long)shape->size[2]);
    else if (shape->rank == 2)
        snprintf(text, SHAPE_TEXT, "%lld x %lld", (long long)shape->size[0],
                 (long long)shape->size[1]);
    else if (shape->characters > 0)
        snprintf(text, SHAPE_TEXT, "%lld characters", (long long)shape->size[0]);
    else
        snprintf(text, SHAPE_TEXT, "%lld numbers", (long long)shape_count(shape));
    return text;
}

Status shape_needs_places(const Shape *shape, const char *typed)
{
    char came[SHAPE_TEXT];

    if (shape->rank == 3)
        return ok();
    return fail(STATUS_SHAPE,
                "'%s' takes channels x height x width, and a %s of %s comes; try data fashion, and "
                "flatten further down",
                typed, shape->rank == 2 ? "sequence" : "row", shape_print(shape, came));
}

Status layer_shape(const LayerSpec *spec, Shape *shape)
{
    const LayerKind *kind = layer_find(spec->kind);
    char typed[LAYER_TEXT], came[SHAPE_TEXT];

    layer_print(spec, typed, sizeof typed);
    if (shape->characters > 0 && !kind->embeds)
        return fail(STATUS_SHAPE, "'%s' takes numbers, and %s come; put embedding before it", typed,
                    shape_print(shape, came));
    if (kind->shape == NULL)
        return ok();
    return kind->shape(spec, typed, shape);
}

ValueId layer_result(Builder *builder, const Layer *layer, Format format)
{
    int64_t shape[VALUE_RANK] = {builder->program->batch};

    memcpy(shape + 1, layer->to.size, (size_t)layer->to.rank * sizeof *shape);
    return builder_value(builder, ROLE_ACTIVATION, format, layer->to.rank + 1, shape, "%s.out",
                         layer->name);
}

ValueId layer_declare(Builder *builder, const Layer *layer, const char *name, int rank,
                      const int64_t *shape, int64_t fan_in)
{
    char full[VALUE_NAME];

    snprintf(full, sizeof full, "%s.%s", layer->name, name);
    return builder_param(builder, rank, shape, fan_in, full);
}

void layer_declare_product(Builder *builder, Layer *layer, int rank, const int64_t *weight)
{
    int64_t fan_in = 1;

    for (int i = 1; i < rank; i++)
        fan_in *= weight[i];
    layer->params[0] = layer_declare(builder, layer, "weight", rank, weight, fan_in);
    layer->params[1] = layer_declare(builder, layer, "bias", 1, weight, fan_in);
    (void)autocast_low(builder, layer->params[0]);
    (void)autocast_addend(builder, layer->params[1]);
}

ValueId layer_param_grad(Builder *builder, ValueId master, Format format)
{
    Value of = *builder_get(builder, master);
    ValueId grad;

    if (builder->keeps)
        format = builder_weights(builder);
    grad = builder_like(builder, master, ROLE_WEIGHT_GRAD, format, "%.42s.grad", of.name);
    builder_grad(builder, master, grad);
    return grad;
}

ValueId layer_product_grad(Builder *builder, ValueId wide)
{
    Format format = autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32);
    Value of = *builder_get(builder, wide);
    ValueId low;

    if (of.format == format || builder->keeps)
        return wide;
    low = builder_like(builder, wide, ROLE_COPY, format, "%.40s.%s", of.name, format_name(format));
    builder->program->values[low].source = wide;
    return low;
}

ValueId layer_widened(Builder *builder, ValueId grad)
{
    ValueId wide = builder_get(builder, grad)->source;

    if (wide == NO_VALUE)
        return grad;
    builder_emit(builder, OP_CAST, wide, grad, NO_VALUE, NO_VALUE);
    return wide;
}
