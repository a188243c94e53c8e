/* A run that never was, with every count known: what the pictures of the tests are drawn from. */
#ifndef TESTS_UNIT_VIEW_FIXTURE_H
#define TESTS_UNIT_VIEW_FIXTURE_H

#include "telemetry/snapshot.h"

/* 1,284 steps under dynamic scaling with 7 skips; seven tensors, of which one is starved and one
 * is not counted. The caller releases. */
Snapshot fixture_run(void);

/* The same run, b, in bf16 without a loss scale; its loss is another from step FIXTURE_PARTED on. The
 * caller releases. */
Snapshot fixture_other(void);

enum { FIXTURE_PARTED = 311 };

/* Before anything was chosen or stepped. */
Snapshot fixture_empty(void);

#endif
