#include "telemetry/heat.h"

#include <criterion/criterion.h>

static CastCounts values(int exponent, int64_t count)
{
    CastCounts counts = {.count = 1000};

    counts.histogram[exponent - EXPONENT_LEAST] = count;
    return counts;
}

static void add_steps(Heat *heat, int64_t steps)
{
    for (int64_t step = 1; step <= steps; step++) {
        CastCounts counts = values((int)(step % 100), 10);

        heat_add(heat, "fc1.weight.grad", step, &counts);
    }
}

Test(heat, a_short_run_has_a_row_for_every_step)
{
    Heat heat = {0};
    const HeatTensor *tensor;

    add_steps(&heat, HEAT_ROWS);
    tensor = heat_find(&heat, "fc1.weight.grad");
    cr_expect_eq(heat.span, 1);
    for (int row = 0; row < HEAT_ROWS; row++)
        cr_expect_eq(tensor->rows[row].step, row + 1);
    cr_expect_null(heat_find(&heat, "fc2.weight.grad"));
    heat_release(&heat);
}

Test(heat, a_long_run_keeps_the_first_step_of_each_span)
{
    Heat heat = {0};
    const HeatTensor *tensor;

    add_steps(&heat, 1000);
    tensor = heat_find(&heat, "fc1.weight.grad");
    cr_expect_eq(heat.span, 32);
    cr_expect_eq(heat.newest, 1000);
    for (int row = 0; row <= 999 / 32; row++) {
        cr_expect_eq(tensor->rows[row].step, row * 32 + 1);
        cr_expect_gt(tensor->rows[row].levels[(row * 32 + 1) % 100 - EXPONENT_LEAST], 0);
    }
    heat_release(&heat);
}

Test(heat, a_span_in_which_nobody_looked_stays_empty)
{
    CastCounts counts = values(0, 10);
    Heat heat = {0};

    heat_add(&heat, "x", 1, &counts);
    heat_add(&heat, "x", 40, &counts);
    cr_expect_eq(heat.span, 2);
    cr_expect_eq(heat.tensors[0].rows[0].step, 1);
    cr_expect_eq(heat.tensors[0].rows[10].step, 0);
    cr_expect_eq(heat.tensors[0].rows[19].step, 40);
    heat_release(&heat);
}

Test(heat, one_value_among_many_shows_and_none_does_not)
{
    CastCounts counts = values(3, 1);
    Heat heat = {0};

    counts.count = 1 << 30;
    heat_add(&heat, "x", 1, &counts);
    cr_expect_gt(heat.tensors[0].rows[0].levels[3 - EXPONENT_LEAST], 0);
    cr_expect_eq(heat.tensors[0].rows[0].levels[4 - EXPONENT_LEAST], 0);
    counts.histogram[3 - EXPONENT_LEAST] = counts.count;
    heat_add(&heat, "y", 1, &counts);
    cr_expect_eq(heat.tensors[1].rows[0].levels[3 - EXPONENT_LEAST], HEAT_MOST);
    heat_release(&heat);
}

Test(heat, a_copy_is_its_own)
{
    CastCounts counts = values(0, 10);
    Heat heat = {0}, copy = {0};

    heat_add(&heat, "x", 1, &counts);
    heat_copy(&copy, &heat);
    heat_add(&heat, "x", 2, &counts);
    cr_expect_eq(copy.tensors[0].rows[0].step, 1);
    cr_expect_eq(copy.tensors[0].rows[1].step, 0);
    heat_copy(&copy, &(Heat){0});
    cr_expect_eq(copy.count, 0);
    heat_release(&copy);
    heat_release(&heat);
}
