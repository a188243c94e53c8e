/* Conditions at which a training stops. Private to this folder.
 *
 * Each watches the run it was set in, by name, and stops all runs at the step at which it turns
 * true; what is true already when a training begins, or when something was changed, is no turn. A
 * run that is not there is not watched. Thread rule: the worker's.
 */
#ifndef TRAIN_BREAKPOINT_H
#define TRAIN_BREAKPOINT_H

#include "telemetry/expr.h"

enum { BREAKS_MOST = 16 };

typedef struct Breakpoint {
    char run[RUN_NAME];
    char *text;
    Expr *expr;
    bool holds; /* it was true when it was last asked */
} Breakpoint;

typedef struct Breakpoints {
    Breakpoint all[BREAKS_MOST];
    int count;
} Breakpoints;

struct Session;
struct Experiment;

void breaks_release(Breakpoints *breaks);

/* Before steps that were not asked for yet: what they name is counted from now on, and what is
 * true now stops nothing. Fails: STATUS_USAGE: one of them cannot be asked (any more), and names
 * it. */
Status breaks_arm(struct Session *session) MUST_CHECK;

/* The run, which is or will be called `name`, counts from its next step on what they name. Fails:
 * as experiment_count_also. */
Status breaks_count(const Breakpoints *breaks, const char *name, struct Experiment *run) MUST_CHECK;

/* The same as far as it can be, behind a change of the runs. */
void breaks_follow(struct Session *session);

/* Asks them of the step that was just taken, and says which of them stop the training, if any.
 * Fails: as breaks_arm. */
Status breaks_test(struct Session *session, bool *stop) MUST_CHECK;

#endif
