#include "numerics/round.h"

#include "numerics/bits.h"
#include "samples.h"

#include <criterion/criterion.h>
#include <math.h>

static const Random dice = {.seed = 7, .stream = RANDOM_ROUNDING};

static float once(Format format, Overflow overflow, float value)
{
    float out;

    round_array_stochastic(format, overflow, (Dither){&dice, 0}, &value, &out, 1);
    return out;
}

Test(stochastic, values_of_the_format_stay)
{
    const Format formats[] = {FORMAT_FP16, FORMAT_BF16, FORMAT_E4M3, FORMAT_E5M2};

    for (int f = 0; f < 4; f++) {
        for (uint32_t pattern = 0; pattern < 1u << format_table[formats[f]].bits; pattern++) {
            float value = bits_value(formats[f], pattern);

            cr_assert_eq(as_bits(once(formats[f], OVERFLOW_INFINITY, value)), as_bits(value),
                         "%s 0x%X", format_name(formats[f]), pattern);
        }
    }
}

/* Of a coin of probability p thrown n times, five deviations are once in a million seeds. */
static void expect_share(Format format, float value, float below, float above, double share)
{
    enum { THROWS = 20000 };
    static float in[THROWS], out[THROWS];
    int up = 0;

    for (int i = 0; i < THROWS; i++)
        in[i] = value;
    round_array_stochastic(format, OVERFLOW_INFINITY, (Dither){&dice, 100}, in, out, THROWS);
    for (int i = 0; i < THROWS; i++) {
        cr_assert(out[i] == below || out[i] == above, "%a became %a", (double)value,
                  (double)out[i]);
        up += out[i] == above;
    }
    cr_assert(fabs(up - share * THROWS) <= 5 * sqrt(THROWS * share * (1 - share)) + 1e-9,
              "%a: %d of %d up, want %g", (double)value, up, THROWS, share);
}

Test(stochastic, goes_up_as_often_as_the_value_is_near)
{
    expect_share(FORMAT_FP16, 2048.5f, 2048.0f, 2050.0f, 0.25);
    expect_share(FORMAT_FP16, -2049.5f, -2048.0f, -2050.0f, 0.75);
    expect_share(FORMAT_FP16, 0x1.8p-25f, 0.0f, 0x1p-24f, 0.75);
    expect_share(FORMAT_FP16, 0x1p-29f, 0.0f, 0x1p-24f, 1.0 / 32);
    expect_share(FORMAT_FP16, 0x1p-60f, 0.0f, 0x1p-24f, 0.0);
    expect_share(FORMAT_BF16, 1.0f + 0x1p-10f, 1.0f, 1.0f + 0x1p-7f, 0.125);
    expect_share(FORMAT_BF16, 0x1p-135f, 0.0f, 0x1p-133f, 0.25);
    expect_share(FORMAT_TF32, 1.0f + 0x1p-11f, 1.0f, 1.0f + 0x1p-10f, 0.5);
    expect_share(FORMAT_E4M3, 17.0f, 16.0f, 18.0f, 0.5);
    expect_share(FORMAT_E5M2, 57344.0f + 2048.0f, 57344.0f, INFINITY, 0.25);
}

Test(stochastic, does_not_depend_on_where_an_array_is_split)
{
    enum { VALUES = 999, SPLIT = 334 };
    float in[VALUES], whole[VALUES], parts[VALUES];

    for (int i = 0; i < VALUES; i++)
        in[i] = random_sample((uint64_t)i);
    round_array_stochastic(FORMAT_BF16, OVERFLOW_INFINITY, (Dither){&dice, 5}, in, whole, VALUES);
    round_array_stochastic(FORMAT_BF16, OVERFLOW_INFINITY, (Dither){&dice, 5 + SPLIT}, in + SPLIT,
                           parts + SPLIT, VALUES - SPLIT);
    round_array_stochastic(FORMAT_BF16, OVERFLOW_INFINITY, (Dither){&dice, 5}, in, parts, SPLIT);
    cr_assert(same_bits(whole, parts, VALUES));
}

Test(stochastic, overflows_and_keeps_nan_as_nearest_does)
{
    cr_assert(isinf(once(FORMAT_FP16, OVERFLOW_INFINITY, 65536.0f)));
    cr_assert(isnan(once(FORMAT_E4M3, OVERFLOW_INFINITY, 480.0f)));
    cr_assert_eq(once(FORMAT_E4M3, OVERFLOW_SATURATE, -480.0f), -448.0f);
    cr_assert_eq(once(FORMAT_E5M2, OVERFLOW_SATURATE, INFINITY), 57344.0f);
    cr_assert_eq(as_bits(once(FORMAT_BF16, OVERFLOW_INFINITY, as_float(0xFF800001))), 0xFFC00000);
    cr_assert_eq(as_bits(once(FORMAT_BF16, OVERFLOW_INFINITY, -0.0f)), 0x80000000);
}

Test(stochastic, gives_one_of_the_two_neighbours_of_every_value)
{
    for (uint64_t i = 0; i < 100000; i++) {
        float value = fabsf(random_sample(i)), out = once(FORMAT_FP16, OVERFLOW_INFINITY, value);

        if (!(value < 65504.0f))
            continue;
        cr_assert_eq(round_to(FORMAT_FP16, OVERFLOW_INFINITY, out), out, "not a value of fp16");
        cr_assert_lt(fabsf(out - value), fmaxf(ldexpf(1.0f, ilogbf(value) - 10), 0x1p-24f));
    }
}
