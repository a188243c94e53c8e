#include "numerics/exact_sum.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

static double sum_of(const double *values, int count)
{
    ExactSum sum = {0};

    for (int i = 0; i < count; i++)
        exact_sum_add(&sum, values[i]);
    return exact_sum_value(&sum);
}

#define SUM(...) \
    sum_of((double[]){__VA_ARGS__}, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)))

Test(exact_sum, nothing_is_lost_between_the_largest_and_the_smallest)
{
    cr_assert_eq(SUM(DBL_MAX, 0x1p-1074, -DBL_MAX), 0x1p-1074);
    cr_assert_eq(SUM(1e16, 1.0, -1e16), 1.0);
    cr_assert_eq(SUM(-DBL_MAX, -DBL_MAX, DBL_MAX, DBL_MAX, -3.0), -3.0);
    cr_assert_eq(SUM(0x1.8p-1073, -0x1p-1074), 0x1p-1073);
    cr_assert_eq(SUM(0.0, -0.0), 0.0);
}

Test(exact_sum, it_is_rounded_once_ties_to_even)
{
    cr_assert_eq(SUM(1.0, 0x1p-53), 1.0);
    cr_assert_eq(SUM(1.0, 0x1p-53, 0x1p-1074), 1.0 + 0x1p-52);
    cr_assert_eq(SUM(1.0 + 0x1p-52, 0x1p-53), 1.0 + 0x1p-51);
    cr_assert_eq(SUM(-1.0, -0x1p-53, -0x1p-1074), -1.0 - 0x1p-52);
    cr_assert_eq(SUM(0x1.FFFFFFFFFFFFFp0, 0x1p-53), 2.0);
}

Test(exact_sum, what_no_double_holds_is_infinite_and_nan_stays)
{
    cr_assert_eq(SUM(DBL_MAX, DBL_MAX), INFINITY);
    cr_assert_eq(SUM(-DBL_MAX, -DBL_MAX), -INFINITY);
    cr_assert_eq(SUM(1.0, -(double)INFINITY), -INFINITY);
    cr_assert(isnan(SUM((double)INFINITY, -(double)INFINITY)));
    cr_assert(isnan(SUM(1.0, (double)NAN)));
}

Test(exact_sum, ten_million_tenths_are_what_their_bits_say)
{
    ExactSum sum = {0};

    for (int i = 0; i < 10000000; i++)
        exact_sum_add(&sum, 0.1);
    exact_sum_add(&sum, -1000000.0);
    /* 0.1 as a double lies 2^-54 / 10 above a tenth. */
    cr_assert_eq(exact_sum_value(&sum), 10000000.0 * 0x1p-54 / 10.0);
}
