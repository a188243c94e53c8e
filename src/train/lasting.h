/* What lasts from step to step, where the formats it is kept in change: weights that are kept low or get
 * masters again, and optimizer state.
 *
 * Thread rule: the worker's.
 */
#ifndef TRAIN_LASTING_H
#define TRAIN_LASTING_H

#include "train/experiment.h"

/* Writes a lasting value of the run, as its format holds it. Fails: STATUS_DEVICE, STATUS_MEMORY. */
Status lasting_write(const Experiment *experiment, const Value *value,
                     const float *values) MUST_CHECK;

/* A plan of this program that goes on with what the run holds. Where formats differ, or arrays come or
 * go, that is over a store of its own, into which everything was rounded or widened; else `*store` is the
 * run's. `restart`: states that come or go are the caller's matter. Nothing of the run changes.
 * Fails as plan_new; nothing is kept then. */
Status lasting_plan(const Experiment *experiment, const Program *program, bool restart,
                    Store **store, Plan **plan) MUST_CHECK;

#endif
