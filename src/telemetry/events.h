/* What happened, with the step at which it happened: the log of a run, newest last.
 *
 * A row of skips by the same tensor folds into one event, so ten thousand skipped steps do not push
 * everything else out. Constant memory: the oldest events leave. Plain data.
 */
#ifndef TELEMETRY_EVENTS_H
#define TELEMETRY_EVENTS_H

#include "base/status.h"

#include <stdint.h>

enum { EVENT_TEXT = 120, EVENT_COUNT = 128, TENSOR_NAME = 48 };

typedef enum EventKind {
    EVENT_SKIP,    /* a step was skipped; the scale was cut where scaling is dynamic */
    EVENT_GROWTH,  /* the scale grew */
    EVENT_SETTING, /* the learner changed something */
    EVENT_RUN,     /* training started, ended or was paused */
    EVENT_WARNING, /* loss became nan, scale fell below 1, ... */
} EventKind;

typedef struct Event {
    EventKind kind;
    int64_t step;             /* the (first) step it concerns */
    int64_t last_step, count; /* of a folded row of skips: its end, and how many */
    char tensor[TENSOR_NAME]; /* skips: the first tensor with a value that is not finite */
    float scale_used;         /* skips: the loss scale of the first of them */
    char text[EVENT_TEXT];    /* one sentence: "loss scale 2^16 -> 2^15" */
} Event;

typedef struct EventLog {
    int64_t total;             /* events ever logged, folded rows counted once */
    Event events[EVENT_COUNT]; /* event n (from 0) at n % EVENT_COUNT */
} EventLog;

void events_clear(EventLog *log);
void events_add(EventLog *log, EventKind kind, int64_t step, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Folds into the newest event where that is a skip of step - 1 by the same tensor. */
void events_add_skip(EventLog *log, int64_t step, const char *tensor, float scale_used,
                     float scale_next);

/* How many are held, and the i-th oldest of them. */
int events_held(const EventLog *log);
const Event *events_get(const EventLog *log, int i);

/* One line for the learner: "step 1,190 skipped: fc2.weight.grad; loss scale 2^17 -> 2^16" or
 * "steps 312-711 skipped, 400: fc2.bias.grad; loss scale 2^40". Returns `line`. */
const char *event_line(const Event *event, char *line, int room);

#endif
