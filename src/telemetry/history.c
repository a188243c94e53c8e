#include "telemetry/history.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Number of the bucket of this level that holds the step. */
static int64_t bucket_of(int level, int64_t step)
{
    return (step - 1) / history_span(level);
}

static void bucket_open(Bucket *bucket, const StepRecord *record)
{
    *bucket = (Bucket){
        .loss_low = INFINITY,
        .loss_high = -INFINITY,
        .scale_low = record->scale_used,
        .scale_high = record->scale_used,
    };
}

static void bucket_add(Bucket *bucket, const StepRecord *record)
{
    bucket->count++;
    bucket->skipped += record->skipped;
    bucket->scale_low = fminf(bucket->scale_low, record->scale_used);
    bucket->scale_high = fmaxf(bucket->scale_high, record->scale_used);
    bucket->scale_last = record->scale_used;
    if (!isfinite(record->loss))
        return;
    bucket->loss_low = fminf(bucket->loss_low, record->loss);
    bucket->loss_high = fmaxf(bucket->loss_high, record->loss);
    bucket->loss_sum += (double)record->loss;
    bucket->loss_count++;
}

void history_clear(History *history)
{
    memset(history, 0, sizeof *history);
}

void history_add(History *history, const StepRecord *record)
{
    for (int level = 0; level < HISTORY_LEVELS; level++) {
        int64_t number = bucket_of(level, record->step);
        Bucket *bucket = &history->buckets[level][number % HISTORY_BUCKETS];

        if (history->steps == 0 || bucket_of(level, history->steps) != number)
            bucket_open(bucket, record);
        bucket_add(bucket, record);
    }
    history->steps = record->step;
    history->skipped += record->skipped;
    history->recent[record->step % LOSS_WINDOW] = record->loss;
}

const Bucket *history_bucket(const History *history, int level, int64_t number)
{
    const Bucket *bucket;
    int64_t newest;

    if (level < 0 || level >= HISTORY_LEVELS || number < 0 || history->steps == 0)
        return NULL;
    newest = bucket_of(level, history->steps);
    if (number > newest || number <= newest - HISTORY_BUCKETS)
        return NULL;
    bucket = &history->buckets[level][number % HISTORY_BUCKETS];
    return bucket->count > 0 ? bucket : NULL;
}

int64_t history_span(int level)
{
    int64_t span = 1;

    while (level-- > 0)
        span *= HISTORY_FACTOR;
    return span;
}

int history_level_for(const History *history, int columns)
{
    int64_t room = columns < HISTORY_BUCKETS ? columns : HISTORY_BUCKETS;

    for (int level = 0; level < HISTORY_LEVELS; level++) {
        if (history->steps == 0 || bucket_of(level, history->steps) < room)
            return level;
    }
    return HISTORY_LEVELS - 1;
}

double history_loss(const History *history)
{
    double sum = 0.0;
    int count = 0;

    /* A history may begin late, after a load: only steps that it holds are counted. */
    for (int64_t step = history->steps; step > history->steps - LOSS_WINDOW; step--) {
        if (history_bucket(history, 0, step - 1) == NULL)
            break;
        sum += (double)history->recent[step % LOSS_WINDOW];
        count++;
    }
    return sum / count;
}
