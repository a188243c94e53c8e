/* A program over the CPU backend for tests: written by a function, run, read. */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "cpu/cpu.h"
#include "program/builder.h"

typedef struct Rig {
    Backend *backend;
    Store *store;
    DeviceData *data;
    Program program;
    Plan *plan;
    Scalars scalars;
} Rig;

/* Opens the backend with `threads`, products by plain loops. Data: the view, in file order. */
void rig_open(Rig *rig, int threads, const DataView *view);

/* Verifies and compiles rig->program; masters and state are zeros. */
void rig_compile(Rig *rig);

/* Runs everything; the test fails where it cannot. */
void rig_run(Rig *rig);

/* The outcome of the one step that has run since the last was collected. */
void rig_collect(Rig *rig, StepOutcome *outcome);

void rig_close(Rig *rig);

void rig_write(Rig *rig, const char *name, const float *values);
void rig_read(Rig *rig, const char *name, float *values);
void rig_scalars(Rig *rig); /* writes rig->scalars */

#endif
