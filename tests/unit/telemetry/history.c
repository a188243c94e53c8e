#include "telemetry/history.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static History *history_new(void)
{
    return xcalloc(1, sizeof(History));
}

/* Steps first ... last, each with its number as loss and a scale that halves after step 100. */
static void record_steps(History *history, int64_t first, int64_t last)
{
    for (int64_t step = first; step <= last; step++) {
        StepRecord record = {
            .step = step,
            .loss = (float)step,
            .scale_used = step <= 100 ? 1024.0F : 512.0F,
            .skipped = step % 10 == 0,
        };

        history_add(history, &record);
    }
}

Test(history, an_empty_one_holds_no_bucket)
{
    History *history = history_new();

    for (int level = -1; level <= HISTORY_LEVELS; level++)
        cr_assert_null(history_bucket(history, level, 0));
    cr_assert_eq(history_level_for(history, 40), 0);
    free(history);
}

Test(history, a_level_has_four_times_the_span_of_the_one_below)
{
    cr_assert_eq(history_span(0), 1);
    for (int level = 1; level < HISTORY_LEVELS; level++)
        cr_assert_eq(history_span(level), 4 * history_span(level - 1));
}

Test(history, buckets_are_aligned_to_their_span)
{
    History *history = history_new();
    const Bucket *second;

    record_steps(history, 1, 23);
    second = history_bucket(history, 1, 1);
    cr_assert_eq(second->count, 4);
    cr_assert_float_eq(second->loss_low, 5.0F, 0.0F);
    cr_assert_float_eq(second->loss_high, 8.0F, 0.0F);
    cr_assert_float_eq(second->loss_sum, 26.0, 0.0);
    cr_assert_eq(history_bucket(history, 2, 0)->count, 16);
    cr_assert_eq(history_bucket(history, 2, 1)->count, 7);
    cr_assert_null(history_bucket(history, 2, 2));
    free(history);
}

Test(history, skips_are_counted_in_each_bucket_and_in_all)
{
    History *history = history_new();

    record_steps(history, 1, 64);
    cr_assert_eq(history->skipped, 6);
    cr_assert_eq(history_bucket(history, 3, 0)->skipped, 6);
    cr_assert_eq(history_bucket(history, 2, 0)->skipped, 1);
    cr_assert_eq(history_bucket(history, 0, 9)->skipped, 1);
    cr_assert_eq(history_bucket(history, 0, 8)->skipped, 0);
    free(history);
}

Test(history, a_bucket_knows_its_lowest_highest_and_last_scale)
{
    History *history = history_new();
    const Bucket *bucket;

    record_steps(history, 1, 128);
    bucket = history_bucket(history, 3, 1);
    cr_assert_float_eq(bucket->scale_low, 512.0F, 0.0F);
    cr_assert_float_eq(bucket->scale_high, 1024.0F, 0.0F);
    cr_assert_float_eq(bucket->scale_last, 512.0F, 0.0F);
    free(history);
}

Test(history, a_million_steps_stay_in_the_same_memory)
{
    const int64_t steps = 1000000;
    History *history = history_new();

    record_steps(history, 1, steps);
    for (int level = 0; level < HISTORY_LEVELS; level++) {
        int64_t span = history_span(level), newest = (steps - 1) / span;
        int64_t oldest = newest < HISTORY_BUCKETS ? 0 : newest - HISTORY_BUCKETS + 1;

        cr_assert_null(history_bucket(history, level, newest + 1));
        cr_assert_null(history_bucket(history, level, oldest - 1));
        for (int64_t number = oldest; number < newest; number++) {
            const Bucket *bucket = history_bucket(history, level, number);

            cr_assert_eq(bucket->count, span);
            cr_assert_float_eq(bucket->loss_low, (float)(number * span + 1), 0.0F);
        }
        cr_assert_eq(history_bucket(history, level, newest)->count, steps - newest * span);
    }
    free(history);
}

Test(history, a_loss_that_is_not_finite_leaves_the_sums_alone)
{
    History *history = history_new();
    StepRecord records[] = {
        {.step = 1, .loss = NAN}, {.step = 2, .loss = 3.0F}, {.step = 3, .loss = INFINITY}};
    const Bucket *first;

    history_add(history, &records[0]);
    first = history_bucket(history, 1, 0);
    cr_assert_gt(first->loss_low, first->loss_high);
    history_add(history, &records[1]);
    history_add(history, &records[2]);
    cr_assert_eq(first->count, 3);
    cr_assert_eq(first->loss_count, 1);
    cr_assert_float_eq(first->loss_sum, 3.0, 0.0);
    cr_assert_float_eq(first->loss_high, 3.0F, 0.0F);
    free(history);
}

Test(history, the_finest_level_that_reaches_back_is_shown)
{
    History *history = history_new();

    record_steps(history, 1, 40);
    cr_assert_eq(history_level_for(history, 40), 0);
    cr_assert_eq(history_level_for(history, 39), 1);
    cr_assert_eq(history_level_for(history, 10), 1);
    cr_assert_eq(history_level_for(history, 9), 2);
    record_steps(history, 41, 257);
    cr_assert_eq(history_level_for(history, 1000), 1, "a level holds 256 buckets and no more");
    cr_assert_eq(history_level_for(history, 0), HISTORY_LEVELS - 1);
    free(history);
}

Test(history, the_loss_is_the_mean_of_the_last_twenty)
{
    History *history = history_new();

    record_steps(history, 1, 3);
    cr_assert_float_eq(history_loss(history), 2.0, 0.0);
    record_steps(history, 4, 100);
    cr_assert_float_eq(history_loss(history), 90.5, 0.0);
    free(history);
}

Test(history, one_nan_makes_the_loss_nan_until_it_leaves_the_window)
{
    History *history = history_new();

    record_steps(history, 1, 1);
    history_add(history, &(StepRecord){.step = 2, .loss = NAN});
    record_steps(history, 3, 21);
    cr_assert(isnan(history_loss(history)));
    record_steps(history, 22, 22);
    cr_assert_float_eq(history_loss(history), 12.5, 0.0);
    free(history);
}

Test(history, may_begin_late_and_forgets_all_when_cleared)
{
    History *history = history_new();

    record_steps(history, 1, 5000);
    history_clear(history);
    record_steps(history, 501, 502);
    cr_assert_float_eq(history_loss(history), 501.5, 0.0);
    cr_assert_null(history_bucket(history, 0, 499));
    cr_assert_eq(history_bucket(history, 4, 1)->count, 2);
    free(history);
}
