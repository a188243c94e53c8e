/* Two backends side by side: the CPU, which is the reference, and the device under test.
 *
 * The device is CUDA; a program's first argument takes a stand-in instead, so that the tests can be
 * tested without a GPU: `cpu` is the CPU backend with plain loops for its products, whose sums are
 * ordered otherwise; `wrong:FAULT` is that with one fault (wrong.h).
 */
#ifndef TESTS_GPU_PAIR_H
#define TESTS_GPU_PAIR_H

#include "program/backend.h"
#include "program/builder.h"

typedef struct Side {
    const BackendClass *class;
    Backend *backend;
    DeviceData *data;
    Store *store;
    Plan *plan;
} Side;

typedef struct Pair {
    Side cpu, gpu;
    Program program;
} Pair;

/* Reads the arguments and opens both; without a GPU says so and ends the program with status 0. */
void pair_open(Pair *pair, int argc, char **argv);
void pair_close(Pair *pair);

/* It is no GPU that is tested, so slow cases may be made smaller. */
bool pair_stands_in(void);

/* The device once more, which runs every instruction by itself (HALFSTEP_FUSE=0). Closed by
 * pair_close. */
Side pair_plain(const Pair *pair);

/* Fresh data, in file order, and stores on both; the program is empty then. */
void pair_begin(Pair *pair, const DataView *view, int64_t batch);

/* Verifies and compiles on both. False where a backend cannot: that has failed a check. */
bool pair_compile(Pair *pair, const char *what);

/* Lets go of what pair_begin and pair_compile made. */
void pair_end(Pair *pair);

/* On both sides. */
void pair_write(Pair *pair, ValueId id, const float *values);
void pair_scalars(Pair *pair, const Scalars *scalars);
bool pair_run(Pair *pair, const char *what); /* the whole program, by plan_run */

/* Caller frees. */
float *side_read(const Side *side, const Program *program, ValueId id);

/* A value has the same bits on both sides. */
void pair_same(Pair *pair, ValueId id, const char *what, int64_t step);

/* The outcome of the one step that was taken. */
void side_collect(Side *side, StepOutcome *outcome);

/* Of one side alone. */
Status side_data(Side *side, const DataView *view);
void side_release(Side *side); /* plan, store, data */

#endif
