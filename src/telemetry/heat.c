#include "telemetry/heat.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void heat_release(Heat *heat)
{
    free(heat->tensors);
    *heat = (Heat){0};
}

void heat_copy(Heat *to, const Heat *from)
{
    size_t count = (size_t)from->count;
    HeatTensor *tensors = to->tensors;

    if (to == from)
        return;
    if (count > 0) {
        tensors = xresize(tensors, count, sizeof *tensors);
        memcpy(tensors, from->tensors, count * sizeof *tensors);
    } else {
        free(tensors);
        tensors = NULL;
    }
    *to = *from;
    to->tensors = tensors;
}

const HeatTensor *heat_find(const Heat *heat, const char *tensor)
{
    for (int i = 0; i < heat->count; i++) {
        if (strcmp(heat->tensors[i].name, tensor) == 0)
            return &heat->tensors[i];
    }
    return NULL;
}

/* Two rows become one: the earlier of them, where it was taken. */
static void halve(HeatTensor *tensor)
{
    for (int row = 0; row < HEAT_ROWS / 2; row++) {
        const HeatRow *pair = &tensor->rows[(size_t)row * 2];

        tensor->rows[row] = pair[0].step > 0 ? pair[0] : pair[1];
    }
    memset(&tensor->rows[HEAT_ROWS / 2], 0, (HEAT_ROWS / 2) * sizeof tensor->rows[0]);
}

static void make_room(Heat *heat, int64_t step)
{
    if (heat->span == 0)
        heat->span = 1;
    for (; (step - 1) / heat->span >= HEAT_ROWS; heat->span *= 2) {
        for (int i = 0; i < heat->count; i++)
            halve(&heat->tensors[i]);
    }
    if (step > heat->newest)
        heat->newest = step;
}

static void fill(HeatRow *row, int64_t step, const CastCounts *counts)
{
    double most = log1p((double)counts->count);

    row->step = step;
    for (int i = 0; i < EXPONENT_BINS; i++) {
        double share = most > 0.0 ? log1p((double)counts->histogram[i]) / most : 0.0;

        row->levels[i] = (uint8_t)lround(share * HEAT_MOST);
    }
}

void heat_add(Heat *heat, const char *tensor, int64_t step, const CastCounts *counts)
{
    HeatTensor *found;
    HeatRow *row;

    make_room(heat, step);
    found = (HeatTensor *)heat_find(heat, tensor);
    if (found == NULL) {
        heat->tensors = xresize(heat->tensors, (size_t)heat->count + 1, sizeof *heat->tensors);
        found = &heat->tensors[heat->count++];
        memset(found, 0, sizeof *found);
        text_copy(found->name, sizeof found->name, tensor);
    }
    row = &found->rows[(step - 1) / heat->span];
    if (row->step == 0)
        fill(row, step, counts);
}
