/* Backward passes over the next batch with the present weights, under other loss scales or formats. The
 * run itself stays as it is, to the bit.
 */
#ifndef TRAIN_SWEEP_H
#define TRAIN_SWEEP_H

#include "telemetry/sweep.h"
#include "train/session.h"

typedef struct AutocastGrad {
    char name[TENSOR_NAME];
    SweepCell cell;
    Measure difference; /* norm of the difference to fp32, as a share of that one's norm */
} AutocastGrad;

/* What the batch gives in one format. */
typedef struct AutocastPass {
    Format format;
    int rounds; /* micro-batches, over which counts and weights' gradients are taken */
    float loss; /* of the last of them */
    int count;  /* of `grads` */
    AutocastGrad *grads;
    SweepCell all;      /* gradients together */
    Measure difference; /* of the weights' gradients together */
} AutocastPass;

typedef struct SweepSpec {
    bool autocast; /* over formats; else over scales: */
    int from, to;  /* exponents of two, from SWEEP_LEAST to SWEEP_MOST */
    Format format; /* autocast: of this pass; fp32 comes first */
} SweepSpec;

/* Starts; `pass` takes the result of a format, and stays borrowed to the end. That of scales comes into
 * the run's snapshot. Fails: STATUS_USAGE while training or within a step, or over formats where
 * weights have no fp32 masters; what keeps the run from training. */
Status session_sweep_begin(Session *session, const SweepSpec *spec, AutocastPass *pass) MUST_CHECK;

/* Waits up to `seconds` for the end; true when it has come, with how it ended: STATUS_UNSUPPORTED: not in
 * this format; STATUS_MEMORY; STATUS_INTERRUPTED, and nothing has changed; STATUS_DEVICE. Until then
 * nothing else may be asked of the session but copies and what stops it. */
bool session_sweep_ended(Session *session, double seconds, Status *status);

void autocast_pass_release(AutocastPass *pass);

#endif
