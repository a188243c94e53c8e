#include "telemetry/sweep.h"

#include "base/text.h"
#include "numerics/round.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { FROM = -2, TO = 36, VALUES = 512 };

/* Gradients around 2^-20, whose casts at a scale are counted; the second starves where the first loses all. */
static float values[VALUES];

static void count_at(int exponent, CastCounts *counts)
{
    float scaled[VALUES], stored[VALUES];

    *counts = (CastCounts){0};
    for (int i = 0; i < VALUES; i++)
        scaled[i] = ldexpf(values[i], exponent);
    cast_counted(FORMAT_FP16, OVERFLOW_INFINITY, scaled, stored, VALUES, counts);
}

static Sweep made_up(void)
{
    Sweep sweep;
    CastCounts counts, base;

    for (int i = 0; i < VALUES; i++)
        values[i] = (float)(i + 1) * (i % 2 ? -0x1p-26F : 0x1p-26F);
    sweep_init(&sweep, FROM, TO, 2);
    sweep.id = 1;
    sweep.format = FORMAT_FP16;
    sweep.base = 20;
    text_copy(sweep.names[0], TENSOR_NAME, "fc2.out.grad");
    text_copy(sweep.names[1], TENSOR_NAME, "fc1.out.grad");
    count_at(sweep.base, &base);
    for (int e = FROM; e <= TO; e++) {
        count_at(e, &counts);
        sweep_count(sweep_cell(&sweep, e, 0), &counts);
        sweep_predict(sweep_cell(&sweep, e, 0), &base, FORMAT_FP16, e - sweep.base);
        counts = (CastCounts){.count = 8};
        counts.classes[e < -1 ? CAST_ZERO : CAST_NORMAL] = 8;
        counts.histogram[0] = e < -1 ? 0 : 8;
        counts.mass = e < -1 ? 0.0 : 1.0;
        sweep_count(sweep_cell(&sweep, e, 1), &counts);
    }
    sweep_finish(&sweep);
    return sweep;
}

Test(sweep, grades_scales_and_finds_the_window)
{
    Sweep sweep = made_up();
    int first = 0, last = 0;

    cr_expect_eq(sweep_grade(&sweep, FROM), SWEEP_LOSES);
    cr_expect_eq(sweep_grade(&sweep, 20), SWEEP_GOOD);
    cr_expect_eq(sweep_grade(&sweep, TO), SWEEP_OVERFLOWS);
    cr_assert(sweep_window(&sweep, &first, &last));
    for (int e = FROM; e <= TO; e++)
        cr_expect_eq(sweep_grade(&sweep, e) == SWEEP_GOOD, e >= first && e <= last, "2^%d", e);
    cr_expect_gt(sweep_most_lost(&sweep, first - 1), sweep_tolerance);
    cr_expect_leq(sweep_most_lost(&sweep, first), sweep_tolerance);
    cr_expect_gt(sweep_most_over(&sweep, last + 1), 0.0);
    sweep_release(&sweep);
}

Test(sweep, has_no_window_where_every_scale_loses_or_overflows)
{
    Sweep sweep = made_up();
    int first, last;

    for (int e = FROM; e <= TO; e++)
        sweep_cell(&sweep, e, 1)->nonfinite = 1;
    cr_expect_not(sweep_window(&sweep, &first, &last));
    sweep_release(&sweep);
}

Test(sweep, says_who_starves)
{
    Sweep sweep = made_up();

    cr_expect(sweep_cell(&sweep, FROM, 1)->starved);
    cr_expect_eq(sweep_lost(sweep_cell(&sweep, FROM, 1)), 1.0);
    cr_expect_not(sweep_cell(&sweep, FROM + 1, 1)->starved);
    cr_expect_eq(sweep_loser(&sweep, FROM), 1, "all of its mass, the first nearly all");
    cr_expect_eq(sweep_tensor(&sweep, "fc1.out.grad"), 1);
    cr_expect_eq(sweep_tensor(&sweep, "fc9.out.grad"), -1);
    sweep_release(&sweep);
}

Test(sweep, predicts_each_scale_from_the_exponents_of_one)
{
    Sweep sweep = made_up();

    for (int e = FROM; e <= TO; e++) {
        const SweepCell *cell = sweep_cell(&sweep, e, 0);

        cr_expect(cell->predicted);
        cr_expect(llabs(cell->predicted_underflow - cell->underflow) <= 1, "2^%d: %lld of %lld", e,
                  (long long)cell->predicted_underflow, (long long)cell->underflow);
        cr_expect(llabs(cell->predicted_overflow - cell->overflow) <= 1, "2^%d", e);
        cr_expect_float_eq(cell->predicted_lost, sweep_lost(cell), 0.2 * sweep_lost(cell) + 1e-4,
                           "2^%d: %g of %g", e, cell->predicted_lost, sweep_lost(cell));
    }
    sweep_release(&sweep);
}

Test(sweep, is_copied_once)
{
    Sweep sweep = made_up(), copy = {0}, none = {0};
    const SweepCell *cells;

    sweep_copy(&copy, &sweep);
    cells = copy.cells;
    cr_expect_neq(cells, sweep.cells);
    cr_expect_str_eq(copy.names[1], "fc1.out.grad");
    cr_expect_eq(sweep_cell(&copy, TO, 0)->overflow, sweep_cell(&sweep, TO, 0)->overflow);
    sweep_copy(&copy, &sweep);
    cr_expect_eq(copy.cells, cells, "the same one is not copied again");
    sweep_copy(&copy, &none);
    cr_expect_eq(copy.id, 0);
    cr_expect_null(copy.cells);
    sweep_release(&sweep);
}
