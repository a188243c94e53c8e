#include "repl/rounding.h"

#include "repl/format_list.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void expect(Format format, double value, CastClass class, const char *words)
{
    Rounding rounding = rounding_of(format, value);
    Text text = {0};

    rounding_words(&rounding, &text);
    cr_assert_eq(rounding.class, class, "%s of %g: %s", format_name(format), value,
                 cast_class_names[rounding.class]);
    cr_assert_str_eq(text_chars(&text), words);
    text_release(&text);
}

Test(rounding, what_happened_is_said_for_every_class)
{
    expect(FORMAT_FP16, 1.0, CAST_NORMAL, "exact");
    expect(FORMAT_FP16, -0.0, CAST_ZERO, "exact");
    expect(FORMAT_FP16, 2049.0, CAST_NORMAL, "down by 0.5 ulp (0.00049 of it)");
    expect(FORMAT_FP16, -2049.0, CAST_NORMAL, "up by 0.5 ulp (0.00049 of it)");
    expect(FORMAT_FP16, 0x1p-24, CAST_SUBNORMAL, "subnormal, exact");
    expect(FORMAT_FP16, 0x1.8p-25, CAST_SUBNORMAL, "subnormal, up by 0.25 ulp (0.33 of it)");
    expect(FORMAT_FP16, 0x1p-25, CAST_UNDERFLOW, "underflow to 0: the smallest is 2^-24");
    expect(FORMAT_FP16, 65519.0, CAST_NORMAL, "down by 0.469 ulp (0.00023 of it)");
    expect(FORMAT_FP16, 65520.0, CAST_OVERFLOW, "overflow to inf: the largest is 65504");
    expect(FORMAT_E4M3, -500.0, CAST_OVERFLOW, "overflow to nan: the largest is 448");
    expect(FORMAT_E4M3, (double)INFINITY, CAST_INF, "to nan: there is no infinity");
    expect(FORMAT_E5M2, (double)INFINITY, CAST_INF, "exact");
    expect(FORMAT_BF16, (double)NAN, CAST_NAN, "nan stays nan");
}

Test(rounding, what_fp32_cannot_hold_is_lost_on_the_way)
{
    expect(FORMAT_BF16, 1e-50, CAST_UNDERFLOW, "underflow to 0: the smallest is 2^-133");
    expect(FORMAT_FP32, 0.0, CAST_ZERO, "exact");
    expect(FORMAT_FP32, 1e300, CAST_OVERFLOW,
           "overflow to inf: the largest is 3.4028234663852886e+38");
}

static void expect_bits(Rounding rounding, const char *bits, const char *hex)
{
    Text text = {0};

    rounding_bits(&rounding, &text);
    text_append(&text, "|");
    rounding_hex(&rounding, &text);
    cr_assert(text_starts(text_chars(&text), bits), "%s", text_chars(&text));
    cr_assert_str_eq(strchr(text_chars(&text), '|') + 1, hex);
    text_release(&text);
}

Test(rounding, the_bits_stand_in_their_three_parts)
{
    expect_bits(rounding_of(FORMAT_FP32, -1.5), "1 01111111 10000000000000000000000|",
                "0xBFC00000");
    expect_bits(rounding_of(FORMAT_TF32, -1.5), "1 01111111 1000000000|", "0xBFC00000");
    expect_bits(rounding_of(FORMAT_FP16, 0.1), "0 01011 1001100110|", "0x2E66");
    expect_bits(rounding_of(FORMAT_BF16, 0.1), "0 01111011 1001101|", "0x3DCD");
    expect_bits(rounding_of(FORMAT_E4M3, 448.0), "0 1111 110|", "0x7E");
    expect_bits(rounding_of(FORMAT_E5M2, 0x1p-16), "0 00000 01|", "0x01");
}

Test(rounding, a_pattern_that_was_given_stays_also_where_it_is_a_nan_of_its_own)
{
    Rounding rounding = rounding_of_pattern(FORMAT_FP16, 0x7E01);

    cr_assert(isnan(rounding.stored));
    expect_bits(rounding, "0 11111 1000000001|", "0x7E01");
    rounding = rounding_of_pattern(FORMAT_FP16, 0xC000);
    cr_assert_eq(rounding.stored, -2.0F);
    cr_assert_eq(rounding.ulps, 0.0);
}

Test(rounding, formats_are_listed_with_blanks_or_commas_each_once)
{
    FormatList list = {0};

    cr_assert(!failed(format_list_read(" fp16,bf16 fp16, e4m3 ", &list)));
    cr_assert_eq(list.count, 3);
    cr_assert_eq(list.formats[0], FORMAT_FP16);
    cr_assert_eq(list.formats[1], FORMAT_BF16);
    cr_assert_eq(list.formats[2], FORMAT_E4M3);
    cr_assert(failed(format_list_read("fp16 half", &list)));
}
