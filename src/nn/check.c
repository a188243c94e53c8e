#include "nn/emit.h"

#include <string.h>

Shape net_input(const ExampleShape *shape)
{
    Shape in = {.rank = shape->rank, .characters = shape->text ? shape->classes : 0};

    memcpy(in.size, shape->shape, sizeof in.size);
    return in;
}

int64_t net_outputs(const ExampleShape *shape)
{
    return shape->classes > 0 ? shape->classes : shape->target_width;
}

LayerSpec net_layer(const NetSpec *spec, int layer, const ExampleShape *shape)
{
    LayerSpec one = spec->layers[layer];

    if (layer_find(one.kind)->ends && one.width == 0)
        one.width = net_outputs(shape);
    return one;
}

static Status check_end(const NetSpec *spec, const Shape *end)
{
    char text[SHAPE_TEXT], layer[LAYER_TEXT];

    if (!end->places)
        return ok();
    return fail(STATUS_SHAPE, "the net ends in '%s', which gives %s; end it with flatten",
                layer_print(&spec->layers[spec->count - 1], layer, sizeof layer),
                shape_print(end, text));
}

/* A row ends what works on places for good, and what comes past the block has not been made one. */
static Status check_inside(const LayerSpec *layer, bool inside)
{
    if (!inside || strcmp(layer->kind, "flatten") != 0)
        return ok();
    return fail(STATUS_SHAPE, "'flatten' stands in a block; put it before or behind the block");
}

/* The layer that made of it what goes on at `i`. */
static const LayerSpec *maker(const NetSpec *spec, int i)
{
    while (spec->layers[i].part == BLOCK_NONE && layer_find(spec->layers[i].kind)->shape == NULL &&
           spec->layers[i - 1].part != BLOCK_BEGIN)
        i--;
    return &spec->layers[i];
}

/* What comes along the path and what comes past it must be alike. */
static Status join_shapes(const NetSpec *spec, int end, const Shape *shapes, Shape *at)
{
    int begin = net_begin(spec, end), shortcut = net_shortcut(spec, end);
    int last = (shortcut < 0 ? end : shortcut) - 1;
    const Shape *path = &shapes[last], *other = &shapes[shortcut < 0 ? begin : end - 1];
    char typed[LAYER_TEXT], one[SHAPE_TEXT], two[SHAPE_TEXT];

    if (!shape_same(path, other))
        return fail(STATUS_SHAPE, "the path with '%s' gives %s, and %s %s; make them alike%s",
                    layer_print(maker(spec, last), typed, sizeof typed), shape_print(path, one),
                    shortcut < 0 ? "what comes past it is" : "the shortcut",
                    shape_print(other, two), shortcut < 0 ? ", or put a shortcut behind |" : "");
    *at = *path;
    at->places = path->places || other->places;
    return ok();
}

static Status shape_at(const NetSpec *spec, int i, const LayerSpec *layer, const Shape *shapes,
                       Shape *at)
{
    switch (layer->part) {
    case BLOCK_SHORTCUT:
        *at = shapes[net_begin(spec, i)];
        return ok();
    case BLOCK_END:
        return join_shapes(spec, i, shapes, at);
    default:
        TRY(check_inside(layer, net_begin(spec, i) >= 0));
        return layer_shape(layer, at);
    }
}

Status net_shapes(const NetSpec *spec, const ExampleShape *shape, Shape *shapes)
{
    Shape at = net_input(shape);
    Status status = ok();

    for (int i = 0; i < spec->count; i++) {
        LayerSpec layer = net_layer(spec, i, shape);

        if (!failed(status))
            status = shape_at(spec, i, &layer, shapes, &at);
        shapes[i] = at;
    }
    TRY(status);
    return check_end(spec, &at);
}

static bool trains(const NetSpec *spec)
{
    for (int i = 0; i < spec->count; i++)
        if (layer_find(spec->layers[i].kind)->declare != NULL)
            return true;
    return false;
}

Status net_check(const NetSpec *spec, const LossSpec *loss, const ExampleShape *shape)
{
    const LossKind *kind = loss_find(loss->kind);
    Shape in = net_input(shape), shapes[NET_LAYERS] = {0};
    int64_t inputs = shape_count(&in), wanted = net_outputs(shape), outputs;

    if (spec->inputs != 0 && shape->text)
        return fail(STATUS_SHAPE, "the net takes rows of numbers and the data is a text; say net "
                                  "\"embedding 64, linear 128, gelu, linear\"");
    if (spec->inputs != 0 && spec->inputs != inputs)
        return fail(
            STATUS_SHAPE, "the net takes %lld inputs and the data has %lld; say net %lld ... %lld",
            (long long)spec->inputs, (long long)inputs, (long long)inputs, (long long)wanted);
    if (!trains(spec))
        return fail(STATUS_SHAPE, "the net has nothing to train; add a linear layer");
    TRY(net_shapes(spec, shape, shapes));
    outputs = shape_width(&shapes[spec->count - 1]);
    if (kind->classes && shape->classes == 0)
        return fail(STATUS_SHAPE, "%s needs classes and the data has numbers; say loss mse",
                    kind->name);
    if (!kind->classes && shape->text)
        return fail(STATUS_SHAPE,
                    "%s needs numbers and a text has characters; say loss cross-entropy",
                    kind->name);
    if (!kind->classes && shape->classes > 0)
        return fail(STATUS_SHAPE,
                    "%s needs numbers and the data has classes; say loss "
                    "cross-entropy, or data ... target=input",
                    kind->name);
    if (kind->classes ? outputs < wanted : outputs != wanted)
        return fail(STATUS_SHAPE,
                    "the net gives %lld outputs and the data wants %lld; end it with %s%lld",
                    (long long)outputs, (long long)wanted, shape->text ? "linear, or linear " : "",
                    (long long)wanted);
    return ok();
}
