#include "numerics/format.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

static void expect(Format format, double max, double min_normal, double min_subnormal)
{
    const FormatInfo *info = &format_table[format];

    cr_assert_eq(info->max, max, "%s: largest value", info->name);
    cr_assert_eq(info->min_normal, min_normal, "%s: smallest normal", info->name);
    cr_assert_eq(info->min_subnormal, min_subnormal, "%s: smallest subnormal", info->name);
}

Test(format, the_constants_are_those_of_the_standards)
{
    expect(FORMAT_FP32, (double)FLT_MAX, 0x1p-126, 0x1p-149);
    expect(FORMAT_TF32, 0x1.FFCp127, 0x1p-126, 0x1p-136);
    expect(FORMAT_FP16, 65504.0, 0x1p-14, 0x1p-24);
    expect(FORMAT_BF16, 0x1.FEp127, 0x1p-126, 0x1p-133);
    expect(FORMAT_E4M3, 448.0, 0x1p-6, 0x1p-9);
    expect(FORMAT_E5M2, 57344.0, 0x1p-14, 0x1p-16);
}

Test(format, overflow_starts_half_a_place_beyond_the_largest_value)
{
    cr_assert(isinf(format_table[FORMAT_FP32].overflow_from));
    cr_assert_eq(format_table[FORMAT_TF32].overflow_from, 0x1.FFEp127);
    cr_assert_eq(format_table[FORMAT_FP16].overflow_from, 65520.0);
    cr_assert_eq(format_table[FORMAT_BF16].overflow_from, 0x1.FFp127);
    cr_assert_eq(format_table[FORMAT_E4M3].overflow_from, (double)nextafterf(464.0f, 500.0f));
    cr_assert_eq(format_table[FORMAT_E5M2].overflow_from, 61440.0);
}

Test(format, exponents_and_bits_agree_with_the_magnitudes)
{
    for (int f = 0; f < FORMAT_COUNT; f++) {
        const FormatInfo *info = &format_table[f];
        double half = f == FORMAT_FP32 ? 0.0 : info->min_subnormal / 2;

        cr_assert_eq(ilogb(info->max), info->max_exponent, "%s", info->name);
        cr_assert_eq(ilogb(info->min_normal), info->min_exponent, "%s", info->name);
        cr_assert_eq(ilogb(info->min_subnormal), info->least_exponent, "%s", info->name);
        cr_assert_eq(info->min_exponent - info->mantissa_bits, info->least_exponent);
        cr_assert_eq(info->zero_upto, half, "%s", info->name);
        cr_assert_eq(info->normal_from, info->min_normal - half, "%s", info->name);
        if (f != FORMAT_TF32)
            cr_assert_eq(1 + info->exponent_bits + info->mantissa_bits, info->bits);
        cr_assert_eq(info->has_infinity, f != FORMAT_E4M3);
    }
}

Test(format, a_name_reads_back)
{
    for (int f = 0; f < FORMAT_COUNT; f++) {
        Format format = FORMAT_COUNT;

        cr_assert(!failed(format_parse(format_name((Format)f), &format)));
        cr_assert_eq((int)format, f);
    }
}

Test(format, an_unknown_name_is_answered_with_those_there_are)
{
    Format format = FORMAT_BF16;
    Status status = format_parse("fp17", &format);

    cr_assert_eq(status.code, STATUS_USAGE);
    cr_assert_eq(format, FORMAT_BF16);
    cr_assert_not_null(strstr(status.text, "\"fp17\""));
    for (int f = 0; f < FORMAT_COUNT; f++)
        cr_assert_not_null(strstr(status.text, format_name((Format)f)), "%s", status.text);
}

Test(format, a_step_in_either_format_of_8_bits_is_called_fp8)
{
    cr_expect_str_eq(format_step_name(FORMAT_E4M3), "fp8");
    cr_expect_str_eq(format_step_name(FORMAT_E5M2), "fp8");
    cr_expect_str_eq(format_step_name(FORMAT_BF16), "bf16");
    cr_expect_str_eq(format_step_name(FORMAT_FP32), "fp32");
}
