/* A snapshot with all that an expression needs. */
#ifndef REPL_MEASURE_H
#define REPL_MEASURE_H

#include "repl/repl.h"
#include "telemetry/expr.h"
#include "telemetry/past.h"

/* Measures only what is needed, and lets Ctrl-C break into it. `snapshot` as session_snapshot, and
 * with what has happened; it is good until the next command.
 * Fails: as session_measure. */
Status measure(Repl *repl, ExprNeeds needs, Snapshot *snapshot) MUST_CHECK;

/* Keeps what expressions call runs: takes every training that has ended since this was asked last, with
 * what Repl.past_needs names. For whoever waits, and around every command. */
void measure_ended(Repl *repl);

/* The same for a number whose bits were looked at. */
void measure_looked(Repl *repl, double number);

/* The same for a sum that was shown. */
void measure_summed(Repl *repl, const PastSum *sum);

#endif
