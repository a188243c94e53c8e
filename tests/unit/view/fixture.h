/* A run that never was, with every count known: what the pictures of the tests are drawn from. */
#ifndef TESTS_UNIT_VIEW_FIXTURE_H
#define TESTS_UNIT_VIEW_FIXTURE_H

#include "telemetry/snapshot.h"

/* 1,284 steps under dynamic scaling with 7 skips; seven tensors, of which one is starved and one
 * is not counted. The caller releases. */
Snapshot fixture_run(void);

/* Before anything was chosen or stepped. */
Snapshot fixture_empty(void);

#endif
