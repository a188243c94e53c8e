/* The numbers of one tensor of the run in use, as the last step left them. */
#ifndef TRAIN_TENSOR_VALUES_H
#define TRAIN_TENSOR_VALUES_H

#include "train/session.h"

typedef struct TensorValues {
    Format format; /* of `stored` */
    int64_t count;
    float *stored;
    float *before; /* the fp32 values that were cast to them; NULL where no memory holds those */
    bool next;     /* a weight: as the next step casts it, not as the last one did */
} TensorValues;

/* By the name that a snapshot has. Of a weight: as it is now, and as the next step casts it. Caller
 * releases, also on failure. Fails: STATUS_USAGE: there is none of this name, or no step has
 * computed it since the program was made; STATUS_UNSUPPORTED: this backend keeps it nowhere;
 * STATUS_DEVICE. */
Status session_tensor_values(Session *session, const char *name, TensorValues *values) MUST_CHECK;
void tensor_values_release(TensorValues *values);

#endif
