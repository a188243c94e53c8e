#include "nn/emit.h"

static int64_t features_of(const ExampleShape *shape)
{
    int64_t count = 1;

    for (int i = 0; i < shape->rank; i++)
        count *= shape->shape[i];
    return count;
}

static int64_t outputs_of(const NetSpec *spec, int64_t inputs)
{
    int64_t width = inputs;

    for (int i = 0; i < spec->count; i++)
        if (spec->layers[i].width > 0)
            width = spec->layers[i].width;
    return width;
}

static bool trains(const NetSpec *spec)
{
    for (int i = 0; i < spec->count; i++)
        if (spec->layers[i].width > 0)
            return true;
    return false;
}

Status net_check(const NetSpec *spec, const LossSpec *loss, const ExampleShape *shape)
{
    const LossKind *kind = loss_find(loss->kind);
    int64_t inputs = features_of(shape), outputs = outputs_of(spec, inputs);
    int64_t wanted = shape->classes > 0 ? shape->classes : shape->target_width;

    if (spec->inputs != 0 && spec->inputs != inputs)
        return fail(
            STATUS_SHAPE, "the net takes %lld inputs and the data has %lld; say net %lld ... %lld",
            (long long)spec->inputs, (long long)inputs, (long long)inputs, (long long)wanted);
    if (!trains(spec))
        return fail(STATUS_SHAPE, "the net has nothing to train; add a linear layer");
    if (kind->classes && shape->classes == 0)
        return fail(STATUS_SHAPE, "%s needs classes and the data has numbers; say loss mse",
                    kind->name);
    if (!kind->classes && shape->classes > 0)
        return fail(STATUS_SHAPE,
                    "%s needs numbers and the data has classes; say loss "
                    "cross-entropy, or data ... target=input",
                    kind->name);
    if (kind->classes ? outputs < wanted : outputs != wanted)
        return fail(STATUS_SHAPE,
                    "the net gives %lld outputs and the data wants %lld; end it with %lld",
                    (long long)outputs, (long long)wanted, (long long)wanted);
    return ok();
}
