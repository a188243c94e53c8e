#include "numerics/round.h"

#include "samples.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static float fp16(float value)
{
    return round_to(FORMAT_FP16, OVERFLOW_INFINITY, value);
}

static float e4m3(Overflow overflow, float value)
{
    return round_to(FORMAT_E4M3, overflow, value);
}

Test(round, a_tie_goes_to_the_even_neighbour)
{
    cr_assert_eq(fp16(2049.0f), 2048.0f);
    cr_assert_eq(fp16(2051.0f), 2052.0f);
    cr_assert_eq(fp16(-2049.0f), -2048.0f);
    cr_assert_eq(round_to(FORMAT_TF32, OVERFLOW_INFINITY, 2051.0f), 2052.0f);
    cr_assert_eq(round_to(FORMAT_BF16, OVERFLOW_INFINITY, 257.0f), 256.0f);
    cr_assert_eq(round_to(FORMAT_BF16, OVERFLOW_INFINITY, 259.0f), 260.0f);
    cr_assert_eq(e4m3(OVERFLOW_INFINITY, 17.0f), 16.0f);
    cr_assert_eq(round_to(FORMAT_E5M2, OVERFLOW_INFINITY, 11.0f), 12.0f);
}

Test(round, half_the_smallest_subnormal_underflows_and_a_little_more_does_not)
{
    for (int f = FORMAT_TF32; f < FORMAT_COUNT; f++) {
        float half = (float)format_table[f].zero_upto, least = (float)format_table[f].min_subnormal;

        cr_assert_eq(round_to((Format)f, OVERFLOW_INFINITY, half), 0.0f, "%s",
                     format_name((Format)f));
        cr_assert_eq(round_to((Format)f, OVERFLOW_INFINITY, nextafterf(half, 1.0f)), least);
        cr_assert(signbit(round_to((Format)f, OVERFLOW_INFINITY, -half)));
    }
}

Test(round, overflow_starts_where_the_table_says)
{
    for (int f = FORMAT_TF32; f < FORMAT_COUNT; f++) {
        float from = (float)format_table[f].overflow_from, max = (float)format_table[f].max;

        cr_assert_eq(round_to((Format)f, OVERFLOW_INFINITY, nextafterf(from, 0.0f)), max);
        cr_assert(!isfinite(round_to((Format)f, OVERFLOW_INFINITY, from)));
        cr_assert(signbit(round_to((Format)f, OVERFLOW_INFINITY, -from)));
    }
}

Test(round, e4m3_has_no_infinity)
{
    cr_assert_eq(e4m3(OVERFLOW_INFINITY, 464.0f), 448.0f);
    cr_assert(isnan(e4m3(OVERFLOW_INFINITY, 465.0f)));
    cr_assert(isnan(e4m3(OVERFLOW_INFINITY, INFINITY)));
    cr_assert(isinf(round_to(FORMAT_E5M2, OVERFLOW_INFINITY, INFINITY)));
}

Test(round, fp8_saturates_infinities_too_but_no_nan)
{
    cr_assert_eq(e4m3(OVERFLOW_SATURATE, 1e9f), 448.0f);
    cr_assert_eq(e4m3(OVERFLOW_SATURATE, -INFINITY), -448.0f);
    cr_assert_eq(round_to(FORMAT_E5M2, OVERFLOW_SATURATE, INFINITY), 57344.0f);
    cr_assert(isnan(e4m3(OVERFLOW_SATURATE, NAN)));
    cr_assert(isinf(round_to(FORMAT_FP16, OVERFLOW_SATURATE, 70000.0f)), "only fp8 saturates");
}

Test(round, every_nan_becomes_the_quiet_one_with_its_sign)
{
    const uint32_t nans[] = {0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0xFF800001, 0x7FA00000};

    for (int f = FORMAT_TF32; f < FORMAT_COUNT; f++) {
        for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
            uint32_t want = (nans[i] & 0x80000000) | 0x7FC00000;

            cr_assert_eq(as_bits(round_to((Format)f, OVERFLOW_INFINITY, as_float(nans[i]))), want);
            cr_assert_eq(as_bits(round_to((Format)f, OVERFLOW_SATURATE, as_float(nans[i]))), want);
        }
    }
}

Test(round, a_zero_keeps_its_sign)
{
    for (int f = 0; f < FORMAT_COUNT; f++)
        cr_assert_eq(as_bits(round_to((Format)f, OVERFLOW_INFINITY, -0.0f)), 0x80000000);
}

static void hold_against_reference(Format format, Overflow overflow, float *in, float *out)
{
    round_array(format, overflow, in, out, EDGE_SAMPLES);
    for (int i = 0; i < EDGE_SAMPLES; i++) {
        uint32_t pattern = reference_pattern(format, overflow, as_bits(in[i]));
        uint32_t want = as_bits(reference_value(format, pattern));

        if (as_bits(out[i]) != want || as_bits(round_to(format, overflow, in[i])) != want)
            cr_assert_fail("%s of 0x%08X is 0x%08X, not 0x%08X", format_name(format),
                           as_bits(in[i]), as_bits(out[i]), want);
    }
}

Test(round, arrays_equal_slow_arithmetic_at_every_edge)
{
    float *in = xaligned(EDGE_SAMPLES, sizeof *in), *out = xaligned(EDGE_SAMPLES, sizeof *out);

    for (int i = 0; i < EDGE_SAMPLES; i++)
        in[i] = edge_sample(i);
    for (int f = FORMAT_TF32; f < FORMAT_COUNT; f++) {
        hold_against_reference((Format)f, OVERFLOW_INFINITY, in, out);
        hold_against_reference((Format)f, OVERFLOW_SATURATE, in, out);
    }
    free(in);
    free(out);
}

Test(round, an_array_of_any_length_may_be_rounded_in_place)
{
    enum { MOST = 67 };
    float in[MOST], out[MOST + 1], place[MOST + 1];

    for (int count = 0; count <= MOST; count++) {
        for (int i = 0; i < count; i++)
            in[i] = place[i] = random_sample((uint64_t)count * MOST + (uint64_t)i);
        out[count] = place[count] = 1.25f;
        round_array(FORMAT_E5M2, OVERFLOW_INFINITY, in, out, count);
        round_array(FORMAT_E5M2, OVERFLOW_INFINITY, place, place, count);
        cr_assert(same_bits(out, place, count + 1), "%d values", count);
        cr_assert_eq(out[count], 1.25f, "wrote beyond %d values", count);
        for (int i = 0; i < count; i++)
            cr_assert_eq(as_bits(out[i]), as_bits(round_to(FORMAT_E5M2, OVERFLOW_INFINITY, in[i])));
    }
}

Test(round, fp32_copies_every_bit)
{
    const uint32_t patterns[] = {0x7F800001, 0x00000001, 0x80000000, 0x3F800001};
    float in[4], out[4];

    memcpy(in, patterns, sizeof in);
    round_array(FORMAT_FP32, OVERFLOW_INFINITY, in, out, 4);
    cr_assert(same_bits(out, patterns, 4));
}
