/* Whole networks as programs: the phases that belong to nn.
 *
 * emit_* write; what fits together is said by program_verify and, before that and in the learner's
 * words, by net_check.
 */
#ifndef NN_EMIT_H
#define NN_EMIT_H

#include "nn/layer.h"
#include "nn/loss_kind.h"

/* What a network is asked to learn from, one example. */
typedef struct ExampleShape {
    int rank;
    int64_t shape[SHAPE_RANK]; /* of an input */
    int64_t classes;           /* 0: targets are numbers */
    int64_t target_width;      /* numbers of a target, where there are no classes */
    bool text; /* inputs are characters, of as many kinds as classes, and each has a target */
} ExampleShape;

/* A network while its program is written. */
typedef struct Net {
    int count;
    Layer layers[NET_LAYERS];
    ValueId x, target, logits;
    LossValues loss; /* of the batch, before weight and scale */
} Net;

/* What comes to the first layer. */
Shape net_input(const ExampleShape *shape);

/* Outputs that a target wants: a number each, or a class each. */
int64_t net_outputs(const ExampleShape *shape);

/* The layer as it is over this data: a last one that names no width has the outputs that are wanted. */
LayerSpec net_layer(const NetSpec *spec, int layer, const ExampleShape *shape);

/* What goes on from each of the layers: `shapes` has room for spec->count. Fails: STATUS_SHAPE: a layer
 * cannot take what comes, or the last gives no row; the sentence quotes the layer as it was typed. */
Status net_shapes(const NetSpec *spec, const ExampleShape *shape, Shape *shapes) MUST_CHECK;

/* Does the network take these inputs and give what the loss needs? Fails: STATUS_SHAPE, with the
 * command that would fit. */
Status net_check(const NetSpec *spec, const LossSpec *loss, const ExampleShape *shape) MUST_CHECK;

/* Phases cast, forward, loss and backward: a training step up to the scaled gradients. */
void nn_emit_step(Builder *builder, const NetSpec *spec, const LossSpec *loss,
                  const ExampleShape *shape, Net *net);

/* Forward over held-out examples; counts the correct ones. Needs classes. */
void nn_emit_accuracy(Builder *builder, const NetSpec *spec, const ExampleShape *shape, Net *net);

/* Forward over an example that is written into x. */
void nn_emit_forward(Builder *builder, const NetSpec *spec, const ExampleShape *shape, Net *net);

/* PyTorch's Linear.reset_parameters: weights and biases uniform within 1 / sqrt(fan_in); where there is a
 * fan_out its xavier_uniform_: within sqrt(6 / (fan_in + fan_out)); ones, zeros, or standard normal
 * numbers where fan_in says so. `values` has room for the parameter; `index` is its place, which gives
 * it random numbers of its own. Source: torch/nn/modules/{linear,sparse}.py, torch/nn/init.py. */
void nn_init_param(const Program *program, int index, uint64_t seed, float *values);

#endif
