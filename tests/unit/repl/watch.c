#include "repl/watch.h"

#include "base/memory.h"
#include "base/text.h"
#include "repl/progress.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(watch, the_pace_doubles_and_halves_between_its_ends)
{
    cr_assert_eq(watch_pace(60.0, true), 120.0);
    cr_assert_eq(watch_pace(60.0, false), 30.0);
    cr_assert_eq(watch_pace(3000.0, true), 0.0);
    cr_assert_eq(watch_pace(0.0, true), 0.0);
    cr_assert_eq(watch_pace(0.0, false), 2000.0);
    cr_assert_eq(watch_pace(0.25, false), 0.25);
}

Test(watch, tensors_follow_each_other_round_and_round)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    cr_assert_null(watch_neighbour(snapshot, "a", 1));
    snapshot->tensor_count = 3;
    snapshot->tensors = xcalloc(3, sizeof *snapshot->tensors);
    for (int i = 0; i < 3; i++)
        text_copy(snapshot->tensors[i].name, TENSOR_NAME, (const char *[]){"a", "b", "c"}[i]);
    cr_assert_str_eq(watch_neighbour(snapshot, "a", 1), "b");
    cr_assert_str_eq(watch_neighbour(snapshot, "c", 1), "a");
    cr_assert_str_eq(watch_neighbour(snapshot, "a", -1), "c");
    cr_assert_str_eq(watch_neighbour(snapshot, "gone", 1), "a");
    snapshot_release(snapshot);
    free(snapshot);
}

Test(progress, a_line_and_a_bar_that_fits_a_terminal)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);
    Text text = {0};

    snapshot->scaler = (ScalerFacts){.mode = SCALER_DYNAMIC, .scale = 65536.0F};
    snapshot->loss = (Measure){.value = 0.4321987};
    snapshot->skipped = 999; /* of the run: not what is told */
    snapshot->steps_per_second = (Measure){.value = 1234.5};
    progress_line(snapshot, (Progress){6982, 112500, 112}, &text);
    cr_expect_str_eq(text_chars(&text),
                     "6,982 of 112,500 steps  loss 0.4322  scale 2^16  112 skipped");
    text_clear(&text);
    progress_bar(snapshot, (Progress){56250, 112500, 112}, &text);
    cr_expect_str_eq(text_chars(&text),
                     "[#####-----]  56,250/112,500  loss 0.4322  scale 2^16  112 skipped  1,234/s");
    text_clear(&text);
    snapshot->scaler.mode = SCALER_OFF;
    snapshot->loss.none = true;
    progress_line(snapshot, (Progress){3, 0, 112}, &text);
    cr_expect_str_eq(text_chars(&text), "3 steps  loss none  112 skipped");
    text_release(&text);
    free(snapshot);
}
