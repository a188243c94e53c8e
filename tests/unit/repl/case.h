/* A run that somebody asks why about. */
#ifndef TESTS_CASE_H
#define TESTS_CASE_H

#include "repl/stories.h"

extern const Trail clean; /* nothing is inf or nan */

/* Before its first step, in fp16 under dynamic scaling, everything counted. A history is large: keep
 * snapshots off the stack. */
Snapshot *snapshot_new(void);
void snapshot_free(Snapshot *snapshot);

/* Step 1,190 of 1,200 was skipped. */
void add_skip(Snapshot *snapshot);

/* The last step was skipped, the so-manieth in a row. */
Snapshot *just_skipped(int64_t in_a_row);

/* Whether a story is told, with these words. Both take the snapshot. */
void expect_told(const char *name, Snapshot *snapshot, const Trail *trail, const char *wanted);
void expect_untold(const char *name, Snapshot *snapshot);

#endif
