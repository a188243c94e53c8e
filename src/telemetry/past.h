/* What has been made happen since a moment: every finished training as it stood at its end, the
 * numbers whose bits were looked at, the sums that were shown, and the state at that moment. What
 * expressions call runs, last_run, looked, sums and start.
 *
 * Thread rule: one owner at a time. An empty Past is all zeros and owns nothing.
 */
#ifndef TELEMETRY_PAST_H
#define TELEMETRY_PAST_H

#include "telemetry/snapshot.h"

enum { PAST_RUNS = 32, PAST_LOOKED = 64, PAST_SUMS = 64 }; /* held; the oldest leave */

/* What expressions ask of a sum: s.format, s.value. */
typedef enum PastSumField {
    PAST_SUM_FORMAT, /* of the terms and of the result */
    PAST_SUM_ACCUMULATE,
    PAST_SUM_ORDER,
    PAST_SUM_TERMS,
    PAST_SUM_VALUE, /* what came out */
    PAST_SUM_EXACT,
    PAST_SUM_ERROR,        /* value - exact */
    PAST_SUM_LOST,         /* additions that changed nothing */
    PAST_SUM_STALLS_AT,    /* the term from which on none changed anything; none: it did not */
    PAST_SUM_NONFINITE_AT, /* likewise */
    PAST_SUM_FIELDS,
} PastSumField;

extern const char *const past_sum_fields[PAST_SUM_FIELDS + 1]; /* their names; ends in NULL */

typedef struct PastSum {
    Measure of[PAST_SUM_FIELDS]; /* words are constants */
} PastSum;

typedef struct Past {
    Snapshot *start;   /* NULL: it has not begun */
    Snapshot *runs;    /* without their curves, logs and pictures */
    int64_t run_count; /* ever added; run n (from 0) is at n % PAST_RUNS */
    double looked[PAST_LOOKED];
    int64_t looked_count; /* likewise */
    PastSum sums[PAST_SUMS];
    int64_t sum_count; /* likewise */
} Past;

void past_release(Past *past);

/* Forgets all, and begins from this state, which is copied. */
void past_begin(Past *past, const Snapshot *start);

/* A training that ended so. */
void past_add_run(Past *past, const Snapshot *run);

/* A number whose bits were looked at. */
void past_add_look(Past *past, double number);

/* A sum that was shown. */
void past_add_sum(Past *past, const PastSum *sum);

/* Run n, from 0; NULL: it has left, or is not there yet. */
const Snapshot *past_run(const Past *past, int64_t n);

/* The number of the oldest one that is held. */
int64_t past_first_run(const Past *past);

#endif
