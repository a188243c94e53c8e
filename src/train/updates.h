/* How far the last step moved each parameter, while that is asked for (`probe updates`): the masters are
 * kept as they were before it, and what lies between is counted, when somebody looks, as the
 * autocast format would hold it. A step waits for the one before, so that it can be read.
 *
 * Thread rule: the worker's.
 */
#ifndef TRAIN_UPDATES_H
#define TRAIN_UPDATES_H

#include "train/experiment.h"

/* Before a step starts. Fails: as experiment_collect and store_read. */
Status updates_before_step(Experiment *experiment) MUST_CHECK;

/* Appends the updates of the last step to the tensors of `facts`, which must have room for one a
 * parameter. Nothing where they are not asked for. */
void updates_refresh(Experiment *experiment);

/* What was measured belongs to other settings. */
void updates_forget(Experiment *experiment);

#endif
