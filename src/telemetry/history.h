/* The past of a run in constant memory: every step at first, then ever coarser buckets.
 *
 * Level L holds the newest HISTORY_BUCKETS buckets of 4^L steps each, aligned to multiples of 4^L
 * (steps are numbered from 1; bucket b of level L holds steps b * 4^L + 1 ... (b + 1) * 4^L). The
 * newest bucket of a level may be still filling. Plain data: copied by assignment.
 */
#ifndef TELEMETRY_HISTORY_H
#define TELEMETRY_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

enum { HISTORY_LEVELS = 10, HISTORY_BUCKETS = 256, HISTORY_FACTOR = 4, LOSS_WINDOW = 20 };

/* One step as the backend reports it. */
typedef struct StepRecord {
    int64_t step;     /* number of the step in its run, from 1, skipped ones included */
    float loss;       /* mean over the batch, before the loss weight and the scale */
    float scale_used; /* the loss scale of this step; 1 where scaling is off */
    float scale_next;
    int32_t tracker; /* growth tracker after the step */
    bool skipped;    /* found_inf: no weight moved */
    float lr;
    double grad_norm; /* of the unscaled gradients; inf or nan where they are */
} StepRecord;

typedef struct Bucket {
    int64_t count; /* steps in it; 0: empty */
    int64_t skipped;
    float loss_low, loss_high;               /* of the finite losses; low > high: there are none */
    double loss_sum;                         /* of the finite losses */
    int64_t loss_count;                      /* finite losses */
    float scale_low, scale_high, scale_last; /* scale_used; last: of the newest step */
} Bucket;

typedef struct History {
    int64_t steps; /* newest step recorded; 0: none */
    int64_t skipped;
    float recent[LOSS_WINDOW]; /* losses of the newest steps, at step % LOSS_WINDOW */
    Bucket buckets[HISTORY_LEVELS][HISTORY_BUCKETS]; /* at number % HISTORY_BUCKETS */
} History;

void history_clear(History *history);

/* Steps must come in order, each one more than the last. */
void history_add(History *history, const StepRecord *record);

/* The bucket with this number on this level, or NULL where it is not (or no longer) held. */
const Bucket *history_bucket(const History *history, int level, int64_t number);

/* Steps in a full bucket of the level: 4^level. */
int64_t history_span(int level);

/* The finest level on which `columns` buckets reach back to step 1; the coarsest if none does. */
int history_level_for(const History *history, int columns);

/* Mean loss over the last LOSS_WINDOW steps, or fewer where there are fewer; nan if any is nan.
 * `steps` must be > 0. */
double history_loss(const History *history);

#endif
