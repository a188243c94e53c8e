#include "numerics/ulp.h"

#include "numerics/bits.h"
#include "numerics/round.h"

#include <criterion/criterion.h>
#include <math.h>

Test(ulp, the_neighbours_of_one_are_those_of_the_standards)
{
    static const float above[FORMAT_COUNT] = {0x1.000002p0F, 0x1.004p0F, 0x1.004p0F,
                                              0x1.02p0F,     1.125F,     1.25F};
    static const float below[FORMAT_COUNT] = {0x1.FFFFFEp-1F, 0x1.FFCp-1F, 0x1.FFCp-1F,
                                              0x1.FEp-1F,     0.9375F,     0.875F};

    for (int f = 0; f < FORMAT_COUNT; f++) {
        cr_assert_eq(format_above((Format)f, 1.0F), above[f], "%s", format_name((Format)f));
        cr_assert_eq(format_below((Format)f, 1.0F), below[f], "%s", format_name((Format)f));
        cr_assert_eq(format_ulp((Format)f, 1.0), (double)above[f] - 1.0);
        cr_assert_eq(format_ulp((Format)f, -0.9999), 1.0 - (double)below[f]);
    }
}

Test(ulp, zero_lies_between_the_two_smallest_whatever_its_sign)
{
    for (int f = 0; f < FORMAT_COUNT; f++) {
        float least = (float)format_table[f].min_subnormal;

        cr_assert_eq(format_above((Format)f, 0.0F), least);
        cr_assert_eq(format_above((Format)f, -0.0F), least);
        cr_assert_eq(format_below((Format)f, 0.0F), -least);
        cr_assert_eq(format_above((Format)f, -least), 0.0F);
        cr_assert_eq(format_ulp((Format)f, 0.0), (double)least);
        cr_assert_eq(format_ulp((Format)f, format_table[f].min_normal), (double)least);
    }
}

Test(ulp, beyond_the_largest_lies_infinity_or_nan)
{
    for (int f = 0; f < FORMAT_COUNT; f++) {
        float most = (float)format_table[f].max;

        if (format_table[f].has_infinity) {
            cr_assert_eq(format_above((Format)f, most), INFINITY);
            cr_assert_eq(format_above((Format)f, INFINITY), INFINITY);
            cr_assert_eq(format_below((Format)f, INFINITY), most);
        } else {
            cr_assert(isnan(format_above((Format)f, most)));
        }
        cr_assert(isnan(format_above((Format)f, NAN)));
        cr_assert_eq(format_ulp((Format)f, (double)INFINITY), format_ulp((Format)f, (double)most));
    }
    cr_assert_eq(format_ulp(FORMAT_FP16, 65504.0), 32.0);
}

Test(ulp, from_each_value_to_the_next_is_one_ulp_and_nothing_lies_between)
{
    for (uint32_t bits = 0; bits < 0x7BFF; bits++) {
        float value = bits_value(FORMAT_FP16, bits), next = format_above(FORMAT_FP16, value);
        float middle = (value + next) / 2.0F,
              stored = round_to(FORMAT_FP16, OVERFLOW_INFINITY, middle);

        cr_assert_eq(next, bits_value(FORMAT_FP16, bits + 1));
        cr_assert_eq((double)next - (double)value, format_ulp(FORMAT_FP16, (double)value));
        cr_assert(stored == value || stored == next);
        cr_assert_eq(format_below(FORMAT_FP16, next), value);
    }
}
