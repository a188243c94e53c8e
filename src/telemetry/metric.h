/* The metrics: every number that print, panels, until, break, lessons and export may name, each
 * with its definition and unit, in one table.
 */
#ifndef TELEMETRY_METRIC_H
#define TELEMETRY_METRIC_H

#include "telemetry/snapshot.h"

typedef enum MetricNeed {
    NEED_NOTHING,
    NEED_ACCURACY, /* a pass over the held-out examples, made when asked for */
    NEED_UPDATES,  /* steps of the optimizer that are counted */
    NEED_MOVED,    /* a comparison of weights with the run's start, made when asked for */
    NEED_CLOCK,    /* the time that something took: it differs from run to run */
} MetricNeed;

typedef struct Metric {
    const char *name;
    const char *unit; /* "steps", "share", "nats", "" */
    const char *text; /* its definition, one line */
    MetricNeed need;
    Measure (*of_run)(const Snapshot *snapshot); /* NULL: it is of a tensor */
    Measure (*of_tensor)(const TensorFacts *tensor);
} Metric;

extern const Metric metric_table[]; /* ends in a row without a name */

const Metric *metric_find(const char *name); /* NULL: there is none */

/* Reads a metric of the run (`tensor` is not looked at) or of the tensor with this name.
 * Fails: STATUS_USAGE: there is no such tensor; names a near one, or the first few. */
Status metric_read(const Metric *metric, const Snapshot *snapshot, const char *tensor,
                   Measure *measure) MUST_CHECK;

#endif
