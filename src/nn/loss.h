/* Losses: computed in fp32 from the logits, as autocast has it, and multiplied by a weight. */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include "base/status.h"

enum { LOSS_NAME = 16 };

typedef struct LossSpec {
    char kind[LOSS_NAME]; /* a name of the loss table: "cross-entropy", "mse" */
    float weight;         /* 1; small weights are where fp16 fails silently */
} LossSpec;

#endif
