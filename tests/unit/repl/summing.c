#include "repl/summing.h"

#include <criterion/criterion.h>
#include <math.h>

static SumFacts sum(const double *values, int64_t count, int64_t repeat, Format format,
                    Format accumulate, SumOrder order)
{
    SumSpec spec = {values, count, repeat, format, accumulate, order};
    SumFacts facts;

    sum_run(&spec, &facts);
    return facts;
}

Test(summing, fp16_stalls_where_half_an_ulp_is_more_than_a_term)
{
    const double one = 1.0;
    SumFacts facts = sum(&one, 1, 5000, FORMAT_FP16, FORMAT_FP16, SUM_FORWARD);

    cr_assert_eq(facts.value, 2048.0);
    cr_assert_eq(facts.stalls_at, 2049);
    cr_assert_eq(facts.lost, 2952);
    cr_assert_eq(facts.error, -2952.0);
    cr_assert_eq(facts.ulps, -738.0);
    facts = sum(&one, 1, 5000, FORMAT_BF16, FORMAT_BF16, SUM_FORWARD);
    cr_assert_eq(facts.stalls_at, 257);
    facts = sum(&one, 1, 5000, FORMAT_FP16, FORMAT_FP32, SUM_FORWARD);
    cr_assert_eq(facts.value, 5000.0);
    cr_assert_eq(facts.stalls_at, 0);
}

Test(summing, the_order_decides_what_is_lost)
{
    const double values[] = {2048.0, 1.0, 1.0, 1.0, 1.0};
    static const double wanted[SUM_ORDERS] = {2048.0, 2052.0, 2052.0, 2052.0};
    static const int64_t stalls[SUM_ORDERS] = {2, 0, 0, 0};

    for (int order = 0; order < SUM_ORDERS; order++) {
        SumFacts facts = sum(values, 5, 1, FORMAT_FP16, FORMAT_FP16, (SumOrder)order);

        cr_assert_eq(facts.value, wanted[order], "%s", sum_order_names[order]);
        cr_assert_eq(facts.stalls_at, stalls[order], "%s", sum_order_names[order]);
        cr_assert_eq(facts.exact, 2052.0);
    }
}

Test(summing, sorted_begins_with_the_smallest_magnitude_of_every_repeat)
{
    const double values[] = {-4096.0, 1.0};
    SumFacts facts = sum(values, 2, 4, FORMAT_FP16, FORMAT_FP16, SUM_SORTED);

    /* The four 1 come first, and their 4 is rounded away once there are more -4096. */
    cr_assert_eq(facts.value, -16384.0);
    cr_assert_eq(facts.exact, -16380.0);
    facts = sum(values, 2, 4, FORMAT_FP16, FORMAT_FP16, SUM_REVERSE);
    cr_assert_eq(facts.lost, 3); /* the first 1 is there before anything is large */
}

Test(summing, what_the_format_makes_of_the_terms_is_told_apart_from_the_adding)
{
    const double tenth = 0.1;
    SumFacts facts = sum(&tenth, 1, 10000, FORMAT_FP16, FORMAT_FP16, SUM_FORWARD);

    cr_assert_eq(facts.exact, 1000.0);
    cr_assert_eq(facts.exact_stored, 999.755859375);
    cr_assert_eq(facts.value, 256.0);
}

Test(summing, a_sum_that_overflows_says_when_and_has_no_error)
{
    const double values[] = {60000.0, 60000.0, -60000.0};
    SumFacts facts = sum(values, 3, 1, FORMAT_FP16, FORMAT_FP16, SUM_FORWARD);

    cr_assert_eq(facts.value, INFINITY);
    cr_assert_eq(facts.nonfinite_at, 2);
    cr_assert_eq(facts.lost, 0);
    cr_assert_eq(facts.stalls_at, 0);
    cr_assert(isnan(facts.ulps));
    facts = sum(values, 3, 1, FORMAT_FP16, FORMAT_FP32, SUM_FORWARD);
    cr_assert_eq(facts.value, 60000.0);
}
