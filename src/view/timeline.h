/* The past of a run on the columns of a picture: one or two buckets a column, the newest at the right edge.
 * All panels with the same number of columns share the same time axis.
 */
#ifndef VIEW_TIMELINE_H
#define VIEW_TIMELINE_H

#include "telemetry/history.h"

typedef struct Timeline {
    const History *history; /* borrowed */
    int columns, level;
    int merge;      /* buckets that share a column: 1 or 2 */
    int64_t newest; /* number of the last column, counted from step 1 on */
} Timeline;

/* The finest on which `columns` columns reach back to the first step. */
Timeline timeline_of(const History *history, int columns);

/* Likewise, on the time axis of another timeline. */
Timeline timeline_beside(const Timeline *timeline, const History *history);

/* The column of a step; -1 where it lies before the first. */
int timeline_column(const Timeline *timeline, int64_t step);

/* False where there is nothing: before the first step, or no longer held. */
bool timeline_bucket(const Timeline *timeline, int column, Bucket *bucket);

/* "1 column = 64 steps" */
const char *timeline_words(const Timeline *timeline, char *text, int room);

#endif
