/* How the exponents of every counted tensor moved over the run, in constant memory: a row for each
 * span of steps, which doubles when the rows are used up. Rows are taken when a snapshot is, so a row
 * holds the first step of its span that was looked at, and may be empty. Plain data with an owner.
 */
#ifndef TELEMETRY_HEAT_H
#define TELEMETRY_HEAT_H

#include "numerics/count.h"
#include "telemetry/events.h"

enum { HEAT_ROWS = 32, HEAT_MOST = 255 };

typedef struct HeatRow {
    int64_t step;                  /* 0: nothing was counted in this span */
    uint8_t levels[EXPONENT_BINS]; /* log(1 + count) as a share of log(1 + values), of HEAT_MOST; at
                                      least 1 where there is any value */
} HeatRow;

typedef struct HeatTensor {
    char name[TENSOR_NAME];
    HeatRow rows[HEAT_ROWS]; /* row r: steps r * span + 1 ... (r + 1) * span */
} HeatTensor;

typedef struct Heat {
    int64_t span;   /* steps; 0: nothing yet */
    int64_t newest; /* the newest step that was looked at */
    HeatTensor *tensors;
    int count;
} Heat;

void heat_release(Heat *heat);

/* A deep copy; whatever `to` held is released. */
void heat_copy(Heat *to, const Heat *from);

/* Takes what a cast did in this step, unless its row has been taken. Steps do not go back. */
void heat_add(Heat *heat, const char *tensor, int64_t step, const CastCounts *counts);

/* NULL: it was never counted. */
const HeatTensor *heat_find(const Heat *heat, const char *tensor);

#endif
