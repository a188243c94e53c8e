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

/* One more row, all of whose numbers are none. */
PhaseRow *phase_row_add(PhaseReport *report, const char *name, Format format);

/* The value as of now. Caller frees, also on failure. Fails: STATUS_DEVICE. */
Status phase_value_read(const Experiment *experiment, ValueId id, float **values) MUST_CHECK;

/* Of the values times a factor, each product rounded to fp32. */
double phase_norm(const float *values, int64_t count, float factor);

/* train/phase_grads.c: of phases unscale and clip, a row for each parameter's gradient. Fails:
 * STATUS_DEVICE. */
Status phase_grad_rows(const Experiment *experiment, Phase phase, const Before *before,
                       PhaseReport *report) MUST_CHECK;

/* Into report->found: this gradient, where it holds inf or nan and is the first that does. Fails:
 * STATUS_DEVICE. */
Status phase_find_nonfinite(const Experiment *experiment, ValueId id,
                            PhaseReport *report) MUST_CHECK;

#endif
