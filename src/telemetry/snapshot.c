#include "telemetry/snapshot.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const MemoryPartInfo memory_parts[PART_COUNT] = {
    [PART_WEIGHTS] = {"weights", "masters, fp32"},
    [PART_COPIES] = {"copies", "casts: weights, inputs"},
    [PART_GRADS] = {"gradients", "of the weights"},
    [PART_OPTIMIZER] = {"optimizer", "its state, fp32"},
    [PART_ACTIVATIONS] = {"activations", "their gradients, batch"},
    [PART_COUNTERS] = {"counters", "of the probes"},
    [PART_WORKSPACE] = {"workspace", "of products, sums"},
    [PART_DATA] = {"data", "the whole data set"},
    [PART_RUNTIME] = {"runtime", "the driver's own"},
};

int64_t memory_of_values(const int64_t *bytes)
{
    int64_t sum = 0;

    for (int part = 0; part < PART_OF_VALUES; part++)
        sum += bytes[part];
    return sum;
}

double snapshot_weight_bytes(const Snapshot *snapshot, const int64_t *bytes)
{
    double weights = (double)snapshot->memory.fp32[PART_WEIGHTS] / 4.0;
    double copy = bytes[PART_COPIES] > 0 && snapshot->weights == FORMAT_FP32
                      ? format_table[snapshot->autocast].bits / 8.0
                      : 0.0;

    return (double)(bytes[PART_WEIGHTS] + bytes[PART_GRADS] + bytes[PART_OPTIMIZER]) / weights +
           copy;
}

void snapshot_release(Snapshot *snapshot)
{
    free(snapshot->tensors);
    snapshot->tensors = NULL;
    snapshot->tensor_count = 0;
    heat_release(&snapshot->heat);
    sweep_release(&snapshot->sweep);
}

void snapshot_copy(Snapshot *to, const Snapshot *from)
{
    size_t count = (size_t)from->tensor_count;
    TensorFacts *tensors = to->tensors;
    Heat heat = to->heat;
    Sweep sweep = to->sweep;

    if (to == from)
        return;
    if (count > 0) {
        tensors = xresize(tensors, count, sizeof *tensors);
        memcpy(tensors, from->tensors, count * sizeof *tensors);
    } else {
        free(tensors);
        tensors = NULL;
    }
    heat_copy(&heat, &from->heat);
    sweep_copy(&sweep, &from->sweep);
    *to = *from;
    to->tensors = tensors;
    to->heat = heat;
    to->sweep = sweep;
}

const TensorFacts *snapshot_tensor(const Snapshot *snapshot, const char *name)
{
    for (int i = 0; i < snapshot->tensor_count; i++) {
        if (strcmp(snapshot->tensors[i].name, name) == 0)
            return &snapshot->tensors[i];
    }
    return NULL;
}

bool tensor_is_grad(const TensorFacts *tensor)
{
    return tensor->kind == TENSOR_ACTIVATION_GRAD || tensor->kind == TENSOR_WEIGHT_GRAD;
}

/* How well a tensor stands for its layer's gradients; 0: not at all. */
static int grad_worth(const TensorFacts *tensor)
{
    if (tensor->kind == TENSOR_WEIGHT_GRAD)
        return strstr(tensor->name, ".weight.") != NULL ? 3 : 2;
    return tensor_is_grad(tensor) ? 1 : 0;
}

/* Backward runs from the last layer to the first, so the first layer's gradients come last. */
static const TensorFacts *first_layer_grad(const Snapshot *snapshot)
{
    const TensorFacts *found = NULL;
    int most = 1;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        int worth = grad_worth(&snapshot->tensors[i]);

        if (worth >= most) {
            most = worth;
            found = &snapshot->tensors[i];
        }
    }
    return found;
}

const TensorFacts *snapshot_worst(const Snapshot *snapshot)
{
    const TensorFacts *worst = NULL;
    double most = 0.0;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];
        const CastCounts *counts = &tensor->counts;
        double share = counts->mass > 0.0 ? counts->lost_mass / counts->mass : 0.0;

        if (tensor_is_grad(tensor) && share > most) {
            most = share;
            worst = tensor;
        }
    }
    return worst != NULL ? worst : first_layer_grad(snapshot);
}
