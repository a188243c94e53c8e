#include "view/bins.h"

#include "view/words.h"

#include <criterion/criterion.h>
#include <math.h>

enum { MOST_COLUMNS = 300 };

static CastCounts one_in_each_bin(void)
{
    CastCounts counts = {.count = EXPONENT_BINS};

    for (int i = 0; i < EXPONENT_BINS; i++)
        counts.histogram[i] = 1;
    return counts;
}

Test(bins, columns_always_sum_to_the_histogram)
{
    CastCounts counts = one_in_each_bin();

    for (Format format = FORMAT_FP32; format < FORMAT_COUNT; format++) {
        for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
            Bins bins = bins_fit(format, columns);
            int64_t sum = 0;

            for (int col = 0; col < bins.columns; col += bins.wide)
                sum += bins_count(&bins, &counts, col);
            cr_assert_eq(sum, EXPONENT_BINS, "%s on %d", format_name(format), columns);
            cr_assert_leq(bins.columns, columns);
            cr_assert_gt(bins.columns, 0);
        }
    }
}

Test(bins, a_range_that_fits_is_not_merged_and_one_that_does_not_is_halved)
{
    Bins whole = bins_fit(FORMAT_FP16, 57), half = bins_fit(FORMAT_FP16, 56),
         quarter = bins_fit(FORMAT_FP16, 28), wide = bins_fit(FORMAT_FP16, 120);

    cr_expect_eq(whole.low, -40);
    cr_expect_eq(whole.high, 16);
    cr_expect_eq(whole.merge, 1);
    cr_expect_eq(whole.columns, 57);
    cr_expect_eq(half.merge, 2);
    cr_expect_eq(half.columns, 29);
    cr_expect_eq(quarter.merge, 4);
    cr_expect_eq(wide.wide, 2);
    cr_expect_eq(wide.columns, 114);
}

Test(bins, every_exponent_is_in_its_own_column)
{
    for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
        Bins bins = bins_fit(FORMAT_BF16, columns);

        for (int exponent = bins.low; exponent <= bins.high; exponent++) {
            int first, last;

            bins_exponents(&bins, bins_column(&bins, exponent), &first, &last);
            cr_assert(first <= exponent && exponent <= last, "%d on %d", exponent, columns);
        }
    }
    cr_expect_eq(bins_column(&(Bins){.low = -40, .high = 16, .merge = 1, .wide = 1}, 17), -1);
}

static Zone zone_of(Format format, int exponent)
{
    Bins bins = bins_fit(format, 400);

    return bins_zone(&bins, format, bins_column(&bins, exponent));
}

Test(bins, zones_are_those_of_the_cast)
{
    for (Format format = FORMAT_FP16; format < FORMAT_COUNT; format++) {
        Bins bins = bins_fit(format, 400);
        static const Zone zones[CAST_CLASSES] = {[CAST_OVERFLOW] = ZONE_OVERFLOW,
                                                 [CAST_UNDERFLOW] = ZONE_UNDERFLOW,
                                                 [CAST_SUBNORMAL] = ZONE_SUBNORMAL,
                                                 [CAST_NORMAL] = ZONE_NORMAL};

        for (int exponent = bins.low; exponent <= bins.high; exponent++) {
            float value = ldexpf(1.1f, exponent);
            CastClass class = cast_class(format, OVERFLOW_INFINITY, value);

            cr_expect_eq(zone_of(format, exponent), zones[class], "%s 2^%d", format_name(format),
                         exponent);
        }
    }
}

Test(bins, a_column_over_an_edge_is_of_the_zone_that_loses_more)
{
    Bins bins = bins_fit(FORMAT_FP16, 29);

    cr_expect_eq(bins_zone(&bins, FORMAT_FP16, bins_column(&bins, -25)), ZONE_UNDERFLOW);
    cr_expect_eq(bins_zone(&bins, FORMAT_FP16, bins_column(&bins, -24)), ZONE_SUBNORMAL);
    cr_expect_eq(bins_zone(&bins, FORMAT_FP16, bins_column(&bins, 16)), ZONE_OVERFLOW);
}

Test(bins, a_bar_is_of_the_zone_of_the_values_it_holds)
{
    Bins bins = bins_fit(FORMAT_FP16, 4);
    CastCounts counts = {0};
    int last = bins.columns - 1;

    counts.histogram[10 - EXPONENT_LEAST] = 5;
    cr_expect_eq(bins_zone(&bins, FORMAT_FP16, last), ZONE_OVERFLOW);
    cr_expect_eq(bins_zone_held(&bins, FORMAT_FP16, &counts, last), ZONE_NORMAL);
    counts.histogram[100 - EXPONENT_LEAST] = 1;
    cr_expect_eq(bins_zone_held(&bins, FORMAT_FP16, &counts, last), ZONE_OVERFLOW);
    counts.histogram[-10 - EXPONENT_LEAST] = 1;
    cr_expect_eq(bins_zone_held(&bins, FORMAT_FP16, &counts, 1), ZONE_NORMAL);
    counts.histogram[-24 - EXPONENT_LEAST] = 1;
    cr_expect_eq(bins_zone_held(&bins, FORMAT_FP16, &counts, 1), ZONE_SUBNORMAL);
}

Test(bins, heights_grow_with_the_logarithm)
{
    cr_expect_eq(bins_height(0, 100), 0.0);
    cr_expect_eq(bins_height(100, 100), 1.0);
    cr_expect_float_eq(bins_height(9, 99), 0.5, 1e-12);
    cr_expect_eq(bins_height(0, 0), 0.0);
}

static void expect_words(const char *got, const char *expected)
{
    cr_expect_str_eq(got, expected);
}

Test(words, counts_have_separators)
{
    char text[NUMBER_TEXT];

    expect_words(words_count(0, text), "0");
    expect_words(words_count(999, text), "999");
    expect_words(words_count(1284, text), "1,284");
    expect_words(words_count(-1234567, text), "-1,234,567");
    expect_words(words_count(-123, text), "-123");
    expect_words(words_tick(100000, text), "100k");
    expect_words(words_tick(1000000, text), "1M");
}

Test(words, bytes_take_five_characters_at_most)
{
    char text[NUMBER_TEXT];

    expect_words(words_bytes(0, text), "0");
    expect_words(words_bytes(999, text), "999");
    expect_words(words_bytes(1000, text), "0.98k");
    expect_words(words_bytes(940584, text), "919k");
    expect_words(words_bytes(1023487, text), "999k");
    expect_words(words_bytes(1023488, text), "0.98M");
    expect_words(words_bytes(3 << 20, text), "3.00M");
    expect_words(words_bytes(10235, text), "10.0k");
    expect_words(words_bytes(102348, text), "99.9k");
    expect_words(words_bytes((int64_t)80 << 30, text), "80.0G");
}

Test(words, a_share_says_nothing_it_is_not)
{
    static const struct {
        double share;
        const char *words;
    } cases[] = {{0.0, "0%"},         {1.0, "100%"},         {0.041, "4.1%"},
                 {0.99999, ">99.9%"}, {0.0000213, "0.002%"}, {1e-9, "<0.0001%"}};
    char text[NUMBER_TEXT];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_words(words_share((Measure){.value = cases[i].share}, text), cases[i].words);
    expect_words(words_share((Measure){.none = true, .value = 0.5}, text), "none");
}

Test(words, reals_keep_to_their_width)
{
    char text[NUMBER_TEXT];

    expect_words(words_real(0.42131, 6, text), "0.4213");
    expect_words(words_real(123456.0, 6, text), "1e+05");
    expect_words(words_real((double)NAN, 6, text), "nan");
    expect_words(words_real(-HUGE_VAL, 6, text), "-inf");
}

Test(words, a_scale_is_a_power_where_it_is_one)
{
    char text[NUMBER_TEXT];

    expect_words(words_scale(65536.0f, text), "2^16");
    expect_words(words_scale(0.5f, text), "2^-1");
    expect_words(words_scale(1.0f, text), "1");
    expect_words(words_scale(81920.0f, text), "81920");
    expect_words(words_scale(1000.0f, text), "1000");
}
