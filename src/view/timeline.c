#include "view/timeline.h"

#include "view/words.h"

#include <math.h>
#include <stdio.h>

static int64_t newest_of(const History *history, int level, int merge)
{
    return history->steps > 0 ? (history->steps - 1) / (history_span(level) * merge) : 0;
}

/* Pairs of the next finer level, where it still holds them all. */
static bool pairs_reach(const History *history, int level, int columns)
{
    return level >= 0 && newest_of(history, level, 2) < columns &&
           newest_of(history, level, 1) < HISTORY_BUCKETS;
}

Timeline timeline_of(const History *history, int columns)
{
    Timeline timeline = {.history = history, .columns = columns, .merge = 1};

    timeline.level = history_level_for(history, columns);
    if (pairs_reach(history, timeline.level - 1, columns)) {
        timeline.level--;
        timeline.merge = 2;
    }
    timeline.newest = newest_of(history, timeline.level, timeline.merge);
    return timeline;
}

Timeline timeline_beside(const Timeline *timeline, const History *history)
{
    Timeline other = *timeline;

    other.history = history;
    return other;
}

int timeline_column(const Timeline *timeline, int64_t step)
{
    int64_t number = (step - 1) / (history_span(timeline->level) * timeline->merge);
    int64_t column = timeline->columns - 1 - (timeline->newest - number);

    return column < 0 || column >= timeline->columns ? -1 : (int)column;
}

static void append_bucket(Bucket *bucket, const Bucket *later)
{
    bucket->count += later->count;
    bucket->skipped += later->skipped;
    bucket->loss_low = fminf(bucket->loss_low, later->loss_low);
    bucket->loss_high = fmaxf(bucket->loss_high, later->loss_high);
    bucket->loss_sum += later->loss_sum;
    bucket->loss_count += later->loss_count;
    bucket->scale_low = fminf(bucket->scale_low, later->scale_low);
    bucket->scale_high = fmaxf(bucket->scale_high, later->scale_high);
    bucket->scale_last = later->scale_last;
}

bool timeline_bucket(const Timeline *timeline, int column, Bucket *bucket)
{
    int64_t number = timeline->newest - (timeline->columns - 1 - column);
    bool found = false;

    *bucket = (Bucket){0};
    for (int i = 0; i < timeline->merge; i++) {
        const Bucket *part =
            history_bucket(timeline->history, timeline->level, number * timeline->merge + i);

        if (part == NULL || part->count == 0)
            continue;
        if (found)
            append_bucket(bucket, part);
        else
            *bucket = *part;
        found = true;
    }
    return found;
}

const char *timeline_words(const Timeline *timeline, char *text, int room)
{
    char span[NUMBER_TEXT];
    int64_t steps = history_span(timeline->level) * timeline->merge;

    snprintf(text, (size_t)room, "1 column = %s step%s", words_count(steps, span),
             steps == 1 ? "" : "s");
    return text;
}
