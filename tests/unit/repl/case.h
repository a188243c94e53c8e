/* A run that somebody asks why about. */
#ifndef TESTS_CASE_H
#define TESTS_CASE_H

#include "repl/stories.h"

extern const Trail clean; /* nothing is inf or nan */

/* Before its first step, in fp16 under dynamic scaling, everything counted. A history is large: keep
 * snapshots off the stack. */
Snapshot *snapshot_new(void);

/* Step 1,190 of 1,200 was skipped. */
void add_skip(Snapshot *snapshot);

#endif
