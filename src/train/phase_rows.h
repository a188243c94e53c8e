/* What a phase of a step changed in one run, as rows. Private to this folder; the worker's. */
#ifndef TRAIN_PHASE_ROWS_H
#define TRAIN_PHASE_ROWS_H

#include "train/experiment.h"
#include "train/phases.h"

/* What a phase is about to change. */
typedef struct Before {
    float **weights; /* phase step: of each instruction from `first` on */
    int first, count;
    Scalars scalars;
} Before;

Status phase_before(const Experiment *experiment, Phase phase, Before *before) MUST_CHECK;
void phase_before_release(Before *before);

/* After it has run. Fails: STATUS_DEVICE. */
Status phase_rows(const Experiment *experiment, Phase phase, const Before *before,
                  PhaseReport *report) MUST_CHECK;

#endif
