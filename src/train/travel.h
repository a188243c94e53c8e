/* Stops, and travel in time: conditions at which a training stops, values that are put into a step, and
 * the way back to an earlier step.
 *
 * Of the runs of a session a copy is kept now and then while they train, and every change with the
 * step at which it took effect; an earlier step is what comes of the copy before it when the steps and
 * changes behind that are done again, bit for bit. Copies thin out with their age. Together they have at
 * most TRAVEL_BYTES: the oldest go first. What lies ahead of the step that was gone back to is kept until
 * something else is done. All runs go together; before a fork there are fewer of them. It begins anew
 * with whatever begins a run (net, reset, load, undo), and with another backend, whose bits are others.
 *
 * Thread rule: as session.h, the main thread.
 */
#ifndef TRAIN_TRAVEL_H
#define TRAIN_TRAVEL_H

#include "train/inject.h"
#include "train/session.h"

enum { TRAVEL_BYTES = 1 << 30 };

/* From now on a training stops at the step at which `when` turns true in the run in use; `*holds`: it is
 * true already, so that it must turn false first. Fails: as expr_read and expr_test; STATUS_USAGE: there
 * are BREAKS_MOST. */
Status session_break(Session *session, const char *when, int *number, bool *holds) MUST_CHECK;

/* 0: all of them. Fails: STATUS_USAGE: there is none of this number. */
Status session_break_clear(Session *session, int number) MUST_CHECK;

/* Appends a line for each: number, run and condition, tab-separated. */
void session_break_list(Session *session, Text *text);

/* Names the present moment; a name that there is moves to it. `*step`: of it. Fails: STATUS_USAGE: no
 * name, or MARKS_MOST are there. */
Status session_mark(Session *session, const char *name, int64_t *step) MUST_CHECK;

/* Appends a line for each, in the order of their making: name and step, tab-separated. */
void session_mark_list(Session *session, Text *text);

/* What is kept ahead of where the runs went back to. */
typedef struct Ahead {
    int64_t from, to; /* steps; from > to: changes alone */
    char marks[MARKS_MOST][RUN_NAME];
    int mark_count;
} Ahead;

/* False where nothing is. */
bool session_ahead(Session *session, Ahead *ahead);

/* Where to. */
typedef enum TravelKind {
    TRAVEL_BACK,    /* so many steps */
    TRAVEL_STEP,    /* that step, as it was when the next one began */
    TRAVEL_MARK,    /* that moment */
    TRAVEL_FORWARD, /* to where the runs were when they first went back */
} TravelKind;

typedef struct Travel {
    TravelKind kind;
    int64_t steps;    /* TRAVEL_BACK, TRAVEL_STEP */
    const char *mark; /* TRAVEL_MARK */
    /* what is told of it: */
    int64_t step, ahead; /* where the runs are now; the last step that is kept */
} Travel;

/* Goes there, on the worker, and ends a training that is under way. Until session_travel_ended says that
 * it is over, `travel` must stay and only copies may be asked for, and what stops it. The first fails where
 * a step is taken phase by phase (STATUS_USAGE); the second:
 * STATUS_USAGE: no such step or mark, or a trace is being written; STATUS_MEMORY; STATUS_INTERRUPTED;
 * nothing has changed. */
Status session_travel_begin(Session *session, Travel *travel) MUST_CHECK;
bool session_travel_ended(Session *session, double seconds, Status *status);

/* The next step of the run in use puts the value into the tensor, behind the instruction that makes it and
 * before any that reads it. Fails: STATUS_USAGE: no such tensor or place, INJECTIONS_MOST wait already. */
Status session_inject(Session *session, const Injection *injection, int64_t *step) MUST_CHECK;

#endif
