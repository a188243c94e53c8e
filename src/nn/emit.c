#include "nn/emit.h"

#include "amp/policy.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a block begins and turns to its shortcut nothing is made. */
static bool has_name(const Layer *layer)
{
    return layer->spec.part == BLOCK_NONE || layer->spec.part == BLOCK_END;
}

/* fc1, relu1, fc2: numbered within their kind. */
static void name_layers(Net *net)
{
    for (int i = 0; i < net->count; i++) {
        int number = 1;

        if (!has_name(&net->layers[i]))
            continue;
        for (int j = 0; j < i; j++)
            number += net->layers[j].kind == net->layers[i].kind && has_name(&net->layers[j]);
        snprintf(net->layers[i].name, sizeof net->layers[i].name, "%.9s%d",
                 net->layers[i].kind->stem, number % 100);
    }
}

static void join_block(const NetSpec *spec, Net *net, int end)
{
    int begin = net_begin(spec, end), shortcut = net_shortcut(spec, end);
    Layer *at = &net->layers[begin], *last = &net->layers[end];
    Layer *turn = shortcut < 0 ? NULL : &net->layers[shortcut];

    at->shortcut = last->shortcut = turn;
    at->end = last->end = last;
    last->begin = at;
    net->layers[begin + 1].shared = true;
    if (turn == NULL)
        return;
    turn->begin = at;
    turn->end = last;
    net->layers[shortcut + 1].shared = true;
}

static void make_layers(const NetSpec *spec, const ExampleShape *shape, Net *net)
{
    Shape shapes[NET_LAYERS], from = net_input(shape);

    (void)failed(net_shapes(spec, shape, shapes)); /* net_check has said it */
    net->count = spec->count;
    for (int i = 0; i < spec->count; i++)
        net->layers[i] = (Layer){.kind = layer_find(spec->layers[i].kind),
                                 .spec = net_layer(spec, i, shape),
                                 .params = {NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE},
                                 .in = NO_VALUE,
                                 .out = NO_VALUE,
                                 .grad = NO_VALUE};
    for (int i = 0; i < net->count; i++) {
        net->layers[i].place = i;
        net->layers[i].from = from;
        from = net->layers[i].to = shapes[i];
        if (spec->layers[i].part == BLOCK_END)
            join_block(spec, net, i);
    }
    name_layers(net);
}

static ValueId batch_of(Builder *builder, const ExampleShape *shape)
{
    int64_t full[VALUE_RANK] = {builder->program->batch};

    memcpy(full + 1, shape->shape, (size_t)shape->rank * sizeof *full);
    return builder_value(builder, ROLE_INPUT, FORMAT_FP32, shape->rank + 1, full, "x");
}

static ValueId target_of(Builder *builder, const ExampleShape *shape)
{
    int64_t each = shape->text ? shape->shape[0] : shape->classes > 0 ? 1 : shape->target_width;
    int64_t full[] = {builder->program->batch, each};

    return builder_value(builder, ROLE_INPUT, FORMAT_FP32, 2, full, "target");
}

/* Every layer's parameters and their casts, in the phase made for them. */
static void emit_params(Builder *builder, Net *net)
{
    builder->phase = PHASE_CAST;
    for (int i = 0; i < net->count; i++) {
        Layer *layer = &net->layers[i];

        policy_begin(builder, layer->kind->name);
        if (layer->kind->declare != NULL)
            layer->kind->declare(builder, layer);
    }
    policy_begin(builder, NULL);
}

static void emit_gather(Builder *builder, ValueId out, bool held_out, bool target)
{
    Instr *instr = builder_emit(builder, OP_GATHER, out, NO_VALUE, NO_VALUE, NO_VALUE);

    instr->constants[GATHER_HELD_OUT] = held_out;
    instr->constants[GATHER_TARGET] = target;
}

static void emit_layers(Builder *builder, Net *net, bool held_out)
{
    ValueId value = net->x;

    for (int i = 0; i < net->count; i++) {
        Layer *layer = &net->layers[i];

        layer->in = value;
        layer->held_out = held_out;
        policy_begin(builder, layer->kind->name);
        value = layer->out = layer->kind->forward(builder, layer, value);
    }
    policy_begin(builder, NULL);
    net->logits = value;
}

static void emit_forward(Builder *builder, Net *net, bool held_out)
{
    builder->phase = PHASE_FORWARD;
    emit_gather(builder, net->x, held_out, false);
    emit_gather(builder, net->target, held_out, true);
    emit_layers(builder, net, held_out);
}

static void emit_loss(Builder *builder, const LossKind *kind, Net *net)
{
    int64_t one[] = {1};
    ValueId scaled;

    builder->phase = PHASE_LOSS;
    net->loss.saved = NO_VALUE;
    net->loss.loss = builder_value(builder, ROLE_SCALAR, FORMAT_FP32, 1, one, "loss");
    kind->forward(builder, net->logits, net->target, &net->loss);
    scaled = builder_value(builder, ROLE_SCALAR, FORMAT_FP32, 1, one, "loss.scaled");
    builder_emit(builder, OP_SCALE, scaled, net->loss.loss, NO_VALUE, NO_VALUE);
}

/* A gradient is needed below a layer as long as something is trained there. A shortcut begins where its
 * block does; and what a block gives is trained where either way to it is. */
static void look_below(Net *net)
{
    bool trained = false;

    for (int i = 0; i < net->count; i++) {
        Layer *layer = &net->layers[i];

        layer->below = trained;
        trained = trained || layer->params[0] != NO_VALUE;
        if (layer->spec.part == BLOCK_SHORTCUT)
            trained = layer->begin->below;
        else if (layer->spec.part == BLOCK_END && layer->shortcut != NULL)
            trained = trained || layer->shortcut->below;
    }
}

static void emit_backward(Builder *builder, const LossKind *kind, Net *net)
{
    ValueId grad;

    builder->phase = PHASE_BACKWARD;
    look_below(net);
    grad = kind->backward(builder, net->logits, net->target, &net->loss);
    for (int i = net->count - 1; i >= 0; i--) {
        Layer *layer = &net->layers[i];

        policy_begin(builder, layer->kind->name);
        if (grad != NO_VALUE || layer->kind->block)
            grad = layer->kind->backward(builder, layer, grad, layer->below);
    }
    policy_begin(builder, NULL);
}

void nn_emit_step(Builder *builder, const NetSpec *spec, const LossSpec *loss,
                  const ExampleShape *shape, Net *net)
{
    const LossKind *kind = loss_find(loss->kind);

    make_layers(spec, shape, net);
    net->x = batch_of(builder, shape);
    net->target = target_of(builder, shape);
    emit_params(builder, net);
    emit_forward(builder, net, false);
    emit_loss(builder, kind, net);
    emit_backward(builder, kind, net);
}

void nn_emit_accuracy(Builder *builder, const NetSpec *spec, const ExampleShape *shape, Net *net)
{
    make_layers(spec, shape, net);
    net->x = batch_of(builder, shape);
    net->target = target_of(builder, shape);
    emit_params(builder, net);
    emit_forward(builder, net, true);
    builder_emit(builder, OP_CORRECT, NO_VALUE, net->logits, net->target, NO_VALUE);
}

void nn_emit_forward(Builder *builder, const NetSpec *spec, const ExampleShape *shape, Net *net)
{
    make_layers(spec, shape, net);
    net->x = batch_of(builder, shape);
    emit_params(builder, net);
    builder->phase = PHASE_FORWARD;
    emit_gather(builder, net->x, true, false);
    emit_layers(builder, net, true);
}

void nn_init_param(const Program *program, int index, uint64_t seed, float *values)
{
    const Param *param = &program->params[index];
    Random random = {.seed = seed, .stream = RANDOM_INIT, .substream = (uint32_t)index};
    float bound = param->fan_out > 0 ? (float)sqrt(6.0 / (double)(param->fan_in + param->fan_out))
                                     : (float)(1.0 / sqrt((double)param->fan_in));
    int64_t count = value_count(&program->values[param->master]);

    for (int64_t i = 0; i < count && param->fan_in <= 0; i++)
        values[i] = param->fan_in == FAN_IN_NORMAL ? (float)random_normal(&random, (uint64_t)i)
                    : param->fan_in == FAN_IN_ONES ? 1.0f
                                                   : 0.0f;
    for (int64_t i = 0; i < count && param->fan_in > 0; i++)
        values[i] = random_uniform(&random, (uint64_t)i, -bound, bound);
}
