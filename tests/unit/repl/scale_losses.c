#include "repl/scale_losses.h"

#include "repl/inspection.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static ScaleLosses of(Format format, const float *values, int64_t count)
{
    ScaleLosses losses = {.format = format};

    scale_losses_add(&losses, values, count);
    return losses;
}

Test(scale_losses, each_scale_is_counted_at_the_edges_of_the_format)
{
    const float values[] = {0x1p-25F, 0x1.8p-25F, 0x1p-14F, 1.0F, 0.0F};
    ScaleLosses losses = of(FORMAT_FP16, values, 5);

    cr_assert_eq(losses.counts[0].classes[CAST_UNDERFLOW], 1);
    cr_assert_eq(losses.counts[0].classes[CAST_SUBNORMAL], 1);
    cr_assert_eq(losses.counts[1].classes[CAST_UNDERFLOW], 0);
    cr_assert_eq(losses.counts[1].classes[CAST_SUBNORMAL], 2);
    cr_assert_eq(losses.counts[11].classes[CAST_SUBNORMAL], 0);
    cr_assert_eq(scale_losses_overflow(&losses, 15), 0);
    cr_assert_eq(scale_losses_overflow(&losses, 16), 1);
}

Test(scale_losses, what_not_even_fp32_holds_overflows_and_infinities_stay_what_they_are)
{
    const float values[] = {0x1p120F, INFINITY, NAN};
    ScaleLosses losses = of(FORMAT_BF16, values, 3);

    cr_assert_eq(scale_losses_overflow(&losses, 0), 0);
    cr_assert_eq(scale_losses_overflow(&losses, 7), 0);
    cr_assert_eq(scale_losses_overflow(&losses, 8), 1);
    cr_assert_eq(losses.counts[24].classes[CAST_NAN], 1);
}

Test(scale_losses, tensors_add_up_and_equal_scales_share_a_line)
{
    const float one = 1.0F;
    ScaleLosses losses = of(FORMAT_BF16, &one, 1);
    Text text = {0};

    scale_losses_add(&losses, &one, 1);
    cr_assert_eq(losses.counts[24].count, 2);
    scale_losses_table(&losses, &text);
    cr_assert(strstr(text_chars(&text), "\nbf16   2^0 to 2^24             0        0%") != NULL,
              "%s", text_chars(&text));
    text_release(&text);
}

Test(scale_losses, statistics_leave_out_what_is_not_finite)
{
    const float values[] = {-3.0F, 4.0F, INFINITY, NAN, 0.0F};
    Statistics statistics = {.finite = 0};
    Text text = {0};

    statistics_add(&statistics, FORMAT_FP16, values, 3);
    statistics_add(&statistics, FORMAT_FP16, values + 3, 2);
    statistics_print(&statistics, &text);
    cr_assert_str_eq(text_chars(&text), "min -3, max 4, mean 0.3333, norm 5\n"
                                        "1 nan, 1 inf, 1 zero, 2 normal\n");
    text_release(&text);
}

Test(scale_losses, a_value_is_shown_with_its_bits_and_what_the_cast_did)
{
    const float before = 2049.0F;
    Text text = {0};

    value_csv(7, FORMAT_FP16, 2048.0F, &before, &text);
    value_csv(8, FORMAT_FP16, 1.0F, NULL, &text);
    cr_assert_str_eq(text_chars(&text), "7,2048,0x6800,2049,-0.5\n8,1,0x3C00,none,none\n");
    text_release(&text);
}
