/* Values that are put into the next step, to see who notices.
 *
 * The instruction that makes the tensor runs, then one of its elements is overwritten, then the step goes
 * on. A weight, which no instruction makes, is overwritten before the step, and stays so. Only in that
 * step are the instructions run one by one.
 * Of a step of several micro-batches it is the last into which a value goes; a weight is
 * overwritten before the first. Thread rule: the worker's, but for the table.
 */
#ifndef TRAIN_INJECT_H
#define TRAIN_INJECT_H

#include "numerics/format.h"
#include "program/program.h"

enum { INJECTIONS_MOST = 8 };

typedef enum InjectKind {
    INJECT_INF,
    INJECT_NAN,
    INJECT_TINY, /* the smallest number above zero of the format in which the tensor is stored */
    INJECT_HUGE, /* the largest finite one */
    INJECT_KINDS,
} InjectKind;

extern const char *const inject_names[]; /* as typed, by InjectKind; ends in NULL */

typedef struct Injection {
    InjectKind kind;
    char tensor[VALUE_NAME];
    int64_t index; /* of its elements, row by row */
    bool put;      /* it is in the step that is under way ... */
    float before;  /* ... in the place of this */
} Injection;

/* Those that wait for the next step. */
typedef struct Injections {
    Injection all[INJECTIONS_MOST];
    int count;
} Injections;

struct Experiment;

/* Fails: STATUS_USAGE: the network has no such tensor, or not so many elements. */
Status inject_check(const struct Experiment *experiment, const Injection *injection) MUST_CHECK;

/* Runs instructions first ... last - 1 of the step as plan_run does, so that it may be taken in parts, and
 * puts in what waits; behind the last instruction nothing waits. Fails: as plan_run; then inject_drop is
 * due, as it is where a step is dropped. */
Status inject_part(struct Experiment *experiment, int first, int last) MUST_CHECK;

/* What was put into lasting values of a step that is dropped comes out, and waits again. */
void inject_drop(struct Experiment *experiment);

/* A whole step. Fails: as plan_step, without a trace. */
Status inject_step(struct Experiment *experiment) MUST_CHECK;

/* "inf fc1.out", "nan fc1.out 7" */
void inject_print(const Injection *injection, Text *text);

#endif
