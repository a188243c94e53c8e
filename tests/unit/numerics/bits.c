#include "numerics/bits.h"

#include "samples.h"

#include <criterion/criterion.h>
#include <math.h>

static const Format narrow[] = {FORMAT_FP16, FORMAT_BF16, FORMAT_E4M3, FORMAT_E5M2};
enum { NARROW = sizeof narrow / sizeof *narrow, PATTERNS = 65536 };

Test(bits, every_pattern_of_8_and_16_bits_comes_back)
{
    for (int f = 0; f < NARROW; f++) {
        Format format = narrow[f];
        uint32_t count = 1u << format_table[format].bits, sign = count / 2;

        for (uint32_t pattern = 0; pattern < count; pattern++) {
            float value = bits_value(format, pattern);
            uint32_t want = isnan(value) ? (pattern & sign) | references[format].nan : pattern;

            cr_assert_eq(bits_of(format, value), want, "%s 0x%X", format_name(format), pattern);
            cr_assert_eq(as_bits(value), as_bits(reference_value(format, pattern)), "%s 0x%X",
                         format_name(format), pattern);
            if (!isnan(value))
                cr_assert_eq(round_to(format, OVERFLOW_INFINITY, value), value);
        }
    }
}

static uint32_t element(int bits, const void *stored, uint32_t i)
{
    if (bits == 8)
        return ((const uint8_t *)stored)[i];
    return bits == 16 ? ((const uint16_t *)stored)[i] : ((const uint32_t *)stored)[i];
}

Test(bits, arrays_hold_the_patterns_of_their_values)
{
    static float values[PATTERNS], back[PATTERNS];
    static uint32_t stored[PATTERNS];

    for (int f = 0; f < FORMAT_COUNT; f++) {
        int bits = format_table[f].bits;

        for (uint32_t i = 0; i < PATTERNS; i++)
            values[i] = round_to((Format)f, OVERFLOW_INFINITY, random_sample(i));
        bits_pack((Format)f, values, stored, PATTERNS);
        bits_unpack((Format)f, stored, back, PATTERNS);
        for (uint32_t i = 0; i < PATTERNS; i++) {
            uint32_t pattern = element(bits, stored, i);

            cr_assert_eq(pattern, bits_of((Format)f, values[i]), "%s", format_name((Format)f));
            cr_assert_eq(as_bits(back[i]), as_bits(bits_value((Format)f, pattern)));
        }
    }
}

Test(bits, a_nan_is_stored_as_the_canonical_one_with_its_sign)
{
    cr_assert_eq(bits_of(FORMAT_FP32, as_float(0xFF800001)), 0xFFC00000);
    cr_assert_eq(bits_of(FORMAT_TF32, as_float(0x7FFFFFFF)), 0x7FC00000);
    cr_assert_eq(bits_of(FORMAT_FP16, NAN), 0x7E00);
    cr_assert_eq(bits_of(FORMAT_BF16, -NAN), 0xFFC0);
    cr_assert_eq(bits_of(FORMAT_E4M3, -NAN), 0xFF);
    cr_assert_eq(bits_of(FORMAT_E5M2, NAN), 0x7F);
}

Test(bits, well_known_values_have_their_well_known_patterns)
{
    cr_assert_eq(bits_of(FORMAT_FP16, 1.0f), 0x3C00);
    cr_assert_eq(bits_of(FORMAT_FP16, -65504.0f), 0xFBFF);
    cr_assert_eq(bits_of(FORMAT_FP16, 0x1p-24f), 0x0001);
    cr_assert_eq(bits_of(FORMAT_BF16, 1.0f), 0x3F80);
    cr_assert_eq(bits_of(FORMAT_E4M3, 448.0f), 0x7E);
    cr_assert_eq(bits_of(FORMAT_E4M3, 1.0f), 0x38);
    cr_assert_eq(bits_of(FORMAT_E5M2, INFINITY), 0x7C);
    cr_assert_eq(bits_of(FORMAT_E5M2, -1.0f), 0xBC);
    cr_assert_eq(bits_of(FORMAT_TF32, 1.5f), 0x3FC00000);
}
