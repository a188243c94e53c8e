/* A snapshot with all that an expression needs. */
#ifndef REPL_MEASURE_H
#define REPL_MEASURE_H

#include "telemetry/expr.h"
#include "train/session.h"

/* Measures only what is needed, and lets Ctrl-C break into it. `snapshot` as session_snapshot.
 * Fails: as session_measure. */
Status measure(Session *session, ExprNeeds needs, Snapshot *snapshot) MUST_CHECK;

#endif
