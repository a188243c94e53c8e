/* Where inf or nan first stands among the values of the last step, and whether weights hold any: looked
 * at itself, whatever the probes count.
 */
#ifndef TRAIN_TRAIL_H
#define TRAIN_TRAIL_H

#include "train/session.h"

enum { OP_NAME = 24 };

typedef struct Trail {
    char tensor[TENSOR_NAME]; /* the first result in the order of the step; "": none holds any */
    char op[OP_NAME];         /* the instruction that wrote it */
    char phase[PHASE_NAME];
    Format format;
    bool
        earlier; /* in an earlier micro-batch of the step, of which only counts and sums are left */
    bool unseen; /* ... and it began before `tensor`, where nothing was counted */
    int64_t nonfinite, count; /* of its values, in all micro-batches where `earlier` */
    float amax;               /* its largest finite magnitude; before the store where counted */
    char weight[TENSOR_NAME]; /* the first weight that holds any; "": none does */
    int64_t weight_nonfinite, weight_count;
    int weights;               /* tensors of weights that hold any */
    char running[TENSOR_NAME]; /* the first running statistic that does; training reads none */
} Trail;

/* All zeros where no step has run. Fails: STATUS_DEVICE. */
Status session_trail(Session *session, Trail *trail) MUST_CHECK;

#endif
