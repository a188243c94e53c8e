#include "numerics/count.h"

#include "samples.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* The definition, value by value. Sums are taken in another order, so they compare nearly. */
static CastCounts count_slowly(Format format, Overflow overflow, const float *in, int64_t count)
{
    CastCounts counts = {.count = count};

    for (int64_t i = 0; i < count; i++) {
        CastClass class = cast_class(format, overflow, in[i]);
        float size = fabsf(in[i]);

        counts.classes[class]++;
        if (!isfinite(size) || size == 0.0f)
            continue;
        counts.histogram[ilogbf(size) - EXPONENT_LEAST]++;
        counts.amax = fmaxf(counts.amax, size);
        counts.amin = counts.amin == 0.0f ? size : fminf(counts.amin, size);
        counts.mass += (double)size;
        counts.lost_mass += class == CAST_UNDERFLOW ? (double)size : 0.0;
    }
    return counts;
}

static void expect_sum(double have, double want)
{
    cr_assert(fabs(have - want) <= 1e-12 * want, "%.17g is not %.17g", have, want);
}

static void expect_counts(const CastCounts *have, const CastCounts *want)
{
    cr_assert_eq(have->count, want->count);
    for (int i = 0; i < CAST_CLASSES; i++)
        cr_assert_eq(have->classes[i], want->classes[i], "class %d: %lld, not %lld", i,
                     (long long)have->classes[i], (long long)want->classes[i]);
    for (int i = 0; i < EXPONENT_BINS; i++)
        cr_assert_eq(have->histogram[i], want->histogram[i], "exponent %d", EXPONENT_LEAST + i);
    cr_assert_eq(have->amax, want->amax);
    cr_assert_eq(have->amin, want->amin);
    expect_sum(have->mass, want->mass);
    expect_sum(have->lost_mass, want->lost_mass);
}

static void hold_against_definition(const float *in, int64_t count)
{
    float *out = xaligned((size_t)count, sizeof *out),
          *rounded = xaligned((size_t)count, sizeof *out);

    for (int f = 0; f < FORMAT_COUNT; f++) {
        for (int o = OVERFLOW_INFINITY; o <= OVERFLOW_SATURATE; o++) {
            CastCounts have = {0}, want = count_slowly((Format)f, (Overflow)o, in, count);

            cast_counted((Format)f, (Overflow)o, in, out, count, &have);
            round_array((Format)f, (Overflow)o, in, rounded, count);
            cr_assert(same_bits(out, rounded, count));
            expect_counts(&have, &want);
        }
    }
    free(out);
    free(rounded);
}

Test(count, the_fast_form_equals_the_definition_at_every_edge)
{
    float *in = xaligned(EDGE_SAMPLES, sizeof *in);

    for (int i = 0; i < EDGE_SAMPLES; i++)
        in[i] = edge_sample(i);
    hold_against_definition(in, EDGE_SAMPLES);
    free(in);
}

Test(count, the_fast_form_equals_the_definition_at_any_length)
{
    float in[71];

    for (int count = 0; count <= 71; count++) {
        for (int i = 0; i < count; i++)
            in[i] = random_sample(71 * (uint64_t)count + (uint64_t)i);
        hold_against_definition(in, count);
    }
}

Test(count, the_fast_form_equals_the_definition_at_every_scale)
{
    enum { VALUES = 1000 };
    const Random random = {.seed = 2};
    float in[VALUES];

    for (int shift = -150; shift <= 130; shift += 2) {
        for (int i = 0; i < VALUES; i++)
            in[i] = i % 5 ? (float)ldexp(random_normal(&random, (uint64_t)i), shift) : -0.0f;
        hold_against_definition(in, VALUES);
    }
}

Test(count, blocks_of_one_kind_equal_the_definition)
{
    const float kinds[] = {0.0f,     -0.0f,    NAN,    -INFINITY, 0x1p-149f,
                           0x1p-25f, 65520.0f, 464.0f, 1.0f};
    float in[COUNT_BLOCK + 1];

    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (int i = 0; i <= COUNT_BLOCK; i++)
            in[i] = kinds[kind];
        hold_against_definition(in, COUNT_BLOCK + 1);
    }
}

Test(count, classes_and_histogram_sum_to_the_number_of_values)
{
    enum { VALUES = 100000 };
    float *in = xaligned(VALUES, sizeof *in);

    for (int i = 0; i < VALUES; i++)
        in[i] = random_sample((uint64_t)i);
    for (int f = 0; f < FORMAT_COUNT; f++) {
        CastCounts counts = {0};
        int64_t classes = 0, bins = 0;

        cast_counted((Format)f, OVERFLOW_INFINITY, in, in, VALUES, &counts);
        for (int i = 0; i < CAST_CLASSES; i++)
            classes += counts.classes[i];
        for (int i = 0; i < EXPONENT_BINS; i++)
            bins += counts.histogram[i];
        cr_assert_eq(classes, VALUES);
        cr_assert_eq(counts.count, VALUES);
        cr_assert_eq(bins, cast_counts_nonzero(&counts));
        for (int i = 0; i < VALUES; i++)
            in[i] = random_sample((uint64_t)i);
    }
    free(in);
}

Test(count, each_class_is_what_the_header_says)
{
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, NAN), CAST_NAN);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, -INFINITY), CAST_INF);
    cr_assert_eq(cast_class(FORMAT_E4M3, OVERFLOW_SATURATE, INFINITY), CAST_INF);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, -0.0f), CAST_ZERO);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, 65520.0f), CAST_OVERFLOW);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, 65519.0f), CAST_NORMAL);
    cr_assert_eq(cast_class(FORMAT_E4M3, OVERFLOW_SATURATE, -465.0f), CAST_OVERFLOW);
    cr_assert_eq(cast_class(FORMAT_E4M3, OVERFLOW_SATURATE, 464.0f), CAST_NORMAL);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, 0x1p-25f), CAST_UNDERFLOW);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, 0x1.8p-25f), CAST_SUBNORMAL);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, 0x1.FFAp-15f), CAST_SUBNORMAL);
    cr_assert_eq(cast_class(FORMAT_FP16, OVERFLOW_INFINITY, 0x1.FFCp-15f), CAST_NORMAL);
    cr_assert_eq(cast_class(FORMAT_FP32, OVERFLOW_INFINITY, 0x1p-149f), CAST_SUBNORMAL);
    cr_assert_eq(cast_class(FORMAT_FP32, OVERFLOW_INFINITY, 0x1.FFFFFEp127f), CAST_NORMAL);
}

Test(count, blocks_counted_apart_and_added_in_order_give_the_same_bits)
{
    enum { VALUES = 5 * COUNT_BLOCK + 77 };
    float *in = xaligned(VALUES, sizeof *in), *out = xaligned(VALUES, sizeof *out);
    CastCounts whole = {0}, sum = {0};

    for (int i = 0; i < VALUES; i++)
        in[i] = random_sample((uint64_t)i) * 0x1p-20f;
    cast_counted(FORMAT_FP16, OVERFLOW_INFINITY, in, out, VALUES, &whole);
    for (int first = 0; first < VALUES; first += COUNT_BLOCK) {
        CastCounts block = {0};
        int left = VALUES - first;

        cast_counted(FORMAT_FP16, OVERFLOW_INFINITY, in + first, out + first,
                     left < COUNT_BLOCK ? left : COUNT_BLOCK, &block);
        cast_counts_add(&sum, &block);
    }
    cr_assert_gt(whole.lost_mass, 0.0);
    cr_assert_eq(whole.mass, sum.mass);
    cr_assert_eq(whole.lost_mass, sum.lost_mass);
    expect_counts(&whole, &sum);
    free(in);
    free(out);
}

/* The sum of a block in the order that count.c promises, without vectors: every machine's bits. */
static double sum_in_lanes(const float *in, int count)
{
    enum { LANES = 32 };
    double lanes[LANES] = {0}, sum = 0.0;

    for (int i = 0; i < count; i++)
        lanes[i % LANES] += fabs((double)in[i]);
    for (int lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

Test(count, the_order_of_a_sum_does_not_hang_on_the_processor)
{
    enum { MOST = 1000 };
    const Random random = {.seed = 3};
    float in[MOST], out[MOST];

    for (int count = 900; count <= MOST; count++) {
        CastCounts counts = {0};
        double sum;

        for (int i = 0; i < count; i++)
            in[i] = (float)ldexp(random_normal(&random, (uint64_t)count * MOST + (uint64_t)i),
                                 -(i * 7 % 40));
        sum = sum_in_lanes(in, count);
        cast_counted(FORMAT_BF16, OVERFLOW_INFINITY, in, out, count, &counts);
        cr_assert_eq(counts.mass, sum, "%d values: %a is not %a", count, counts.mass, sum);
    }
}

Test(count, adding_counts_of_nothing_but_zeros_keeps_the_extremes)
{
    const float values[] = {-3.0f, 0.5f}, zeros[] = {0.0f, -0.0f};
    float out[2];
    CastCounts counts = {0}, more = {0};

    cast_counted(FORMAT_FP16, OVERFLOW_INFINITY, values, out, 2, &counts);
    cast_counted(FORMAT_FP16, OVERFLOW_INFINITY, zeros, out, 2, &more);
    cast_counts_add(&counts, &more);
    cr_assert_eq(counts.amax, 3.0f);
    cr_assert_eq(counts.amin, 0.5f);
    cr_assert_eq(counts.count, 4);
    cast_counts_add(&more, &counts);
    cr_assert_eq(more.amin, 0.5f);
}

static void hold_prediction(const float *in, int count, Format format, int shift)
{
    CastCounts counts = {0}, shifted = {0};
    int64_t underflow, subnormal, overflow;
    float *moved = xaligned((size_t)count, sizeof *moved);

    for (int i = 0; i < count; i++)
        moved[i] = ldexpf(in[i], shift);
    cast_counted(format, OVERFLOW_INFINITY, moved, moved, count, &shifted);
    cast_counted(FORMAT_FP32, OVERFLOW_INFINITY, in, moved, count, &counts);
    cast_counts_predict(&counts, format, shift, &underflow, &subnormal, &overflow);
    cr_assert_eq(underflow, shifted.classes[CAST_UNDERFLOW], "shift %d", shift);
    cr_assert_eq(subnormal, shifted.classes[CAST_SUBNORMAL], "shift %d", shift);
    cr_assert_eq(overflow, shifted.classes[CAST_OVERFLOW], "shift %d", shift);
    free(moved);
}

Test(count, a_prediction_tells_what_a_shifted_cast_will_count)
{
    enum { VALUES = 500 };
    float in[VALUES];

    /* 1.5 x 2^k lies on no edge, and so the prediction is exact. */
    for (int i = 0; i < VALUES; i++)
        in[i] = i % 9 ? ldexpf(i % 2 ? 1.5f : -1.5f, i % 60 - 40) : 0.0f;
    for (int shift = -40; shift <= 40; shift++) {
        hold_prediction(in, VALUES, FORMAT_FP16, shift);
        hold_prediction(in, VALUES, FORMAT_E4M3, shift);
        hold_prediction(in, VALUES, FORMAT_BF16, shift);
    }
}

Test(count, what_is_clamped_is_neither_inf_nor_nan)
{
    const float in[] = {1.0f, 500.0f, -INFINITY, NAN, 1e-9f};
    float out[5];
    CastCounts clamped = {0}, broken = {0};

    cr_expect_eq(format_overflow(FORMAT_E4M3), OVERFLOW_SATURATE);
    cr_expect_eq(format_overflow(FORMAT_E5M2), OVERFLOW_SATURATE);
    cr_expect_eq(format_overflow(FORMAT_FP16), OVERFLOW_INFINITY);
    cast_counted(FORMAT_E4M3, format_overflow(FORMAT_E4M3), in, out, 5, &clamped);
    cr_expect_eq(clamped.classes[CAST_OVERFLOW], 1);
    cr_expect_eq(cast_counts_nonfinite(&clamped, FORMAT_E4M3), 2);
    cast_counted(FORMAT_FP16, format_overflow(FORMAT_FP16), in, out, 5, &broken);
    cr_expect_eq(cast_counts_nonfinite(&broken, FORMAT_FP16), 2);
    broken.classes[CAST_OVERFLOW] = 3;
    cr_expect_eq(cast_counts_nonfinite(&broken, FORMAT_FP16), 5);
}
