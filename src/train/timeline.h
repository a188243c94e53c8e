/* The past of the present runs: copies of them, and the changes between. Private to this folder.
 *
 * A point is a step and the number of changes that have taken effect by then: behind the last of a step
 * lies the next step. Copies and changes are in the order of their points. Where the runs were taken
 * back, what lies ahead of them is kept until it is cut off. Thread rule: the worker's.
 */
#ifndef TRAIN_TIMELINE_H
#define TRAIN_TIMELINE_H

#include "train/checkpoint.h"

enum { MOMENTS_MOST = 32 };

typedef struct Point {
    int64_t step;
    size_t turn;
} Point;

/* What a change made of one run, as far as steps alone would not have come to it. */
typedef struct TurnOf {
    Settings settings;
    float scale;
    int32_t tracker, spent;
    Measure accuracy;
    int64_t accuracy_step;
    Injections injections;
    Event *events; /* of its log, since the change before */
    int event_count;
} TurnOf;

typedef struct Turn {
    int64_t step;
    TurnOf *of; /* each of the runs; NULL: no copy lies before it */
    int count;
} Turn;

/* Of all runs, as host data. */
typedef struct Moment {
    Point at;
    Checkpoint *all[RUNS_MOST];
    int count, used;
    int64_t first[RUNS_MOST][RUNS_MOST]; /* Differences */
    int64_t bytes;
    bool regrouped; /* other runs than before it */
} Moment;

typedef struct Mark {
    char name[RUN_NAME];
    Point at;
} Mark;

typedef struct Timeline {
    Turn *turns;
    size_t turn_count, turn_room;
    Moment *moments; /* none: no step was taken since it began */
    size_t moment_count, moment_room;
    Mark marks[MARKS_MOST];
    int mark_count;
    size_t turn;               /* changes that have taken effect */
    bool back;                 /* the runs stand before its end */
    int64_t ahead;             /* the step at its end, where they do */
    int64_t bytes, room;       /* of copies and changes; at most: TRAVEL_BYTES */
    int64_t logged[RUNS_MOST]; /* events of each run that belong to changes so far */
    double taken, seconds;     /* the newest copy: when, on the clock, and how long it took */
    const char *before;        /* what is at the first copy, where that is not step 0 */
} Timeline;

struct Session;

/* Everything is let go of; `before` says why there is no way back from here: "where it was loaded". */
void timeline_begin(Timeline *timeline, const char *before);

/* The point at which the runs stand. */
Point timeline_now(const struct Session *session);

/* Before the first of some steps: there is a copy to go back to, and nothing ahead. */
Status timeline_start(struct Session *session) MUST_CHECK;

/* It is time for another copy. */
bool timeline_due(const struct Session *session, double now);

/* Takes a copy; no step may be in flight. Fails: STATUS_DEVICE. */
Status timeline_keep(struct Session *session) MUST_CHECK;

/* Something has just been changed. */
void timeline_turn(struct Session *session);

/* For whoever asks what marks there are. */
void timeline_name_marks(const Timeline *timeline, Snapshot *facts);

/* Something was measured that steps alone would not measure again. */
void timeline_measured(struct Session *session);

/* There are other runs now. */
void timeline_regroup(struct Session *session);

/* What lies ahead is let go of. */
void timeline_cut(struct Session *session);

#endif
