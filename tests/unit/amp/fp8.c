/* How fp8 is set. */
#include "amp/fp8.h"

#include <criterion/criterion.h>

static void expect_printed(Fp8Spec spec, const char *wanted)
{
    Text text = {0};

    fp8_print(&spec, &text);
    cr_expect_str_eq(text_chars(&text), wanted);
    text_release(&text);
}

Test(fp8, is_printed_as_it_is_typed)
{
    Fp8Spec spec = fp8_spec_default();

    expect_printed(spec, "scaling delayed");
    spec.history = 1024;
    spec.margin = 2;
    spec.backward = FORMAT_E4M3;
    expect_printed(spec, "scaling delayed history=1024 margin=2 backward=e4m3");
    expect_printed((Fp8Spec){16, 0, FP8_SCALING_NONE, FORMAT_E5M2}, "scaling none");
}

Test(fp8, takes_what_a_history_a_margin_and_gradients_may_be)
{
    const Fp8Spec refused[] = {
        {0, 0, FP8_SCALING_DELAYED, FORMAT_E5M2},   {1025, 0, FP8_SCALING_DELAYED, FORMAT_E5M2},
        {16, -1, FP8_SCALING_DELAYED, FORMAT_E5M2}, {16, 17, FP8_SCALING_DELAYED, FORMAT_E5M2},
        {16, 1, FP8_SCALING_CURRENT, FORMAT_E5M2},  {16, 0, FP8_SCALING_DELAYED, FORMAT_FP16},
    };
    Fp8Spec usual = fp8_spec_default();

    cr_expect_not(failed(fp8_check(&usual)));
    cr_expect_not(failed(fp8_check(&(Fp8Spec){1, 16, FP8_SCALING_DELAYED, FORMAT_E4M3})));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        cr_expect(failed(fp8_check(&refused[i])), "%zu", i);
}

Test(fp8, is_read_by_name)
{
    Fp8Scaling scaling = FP8_SCALING_DELAYED;
    Format format = FORMAT_FP32;

    cr_expect_not(failed(fp8_scaling_parse("current", &scaling)));
    cr_expect_eq(scaling, FP8_SCALING_CURRENT);
    cr_expect(failed(fp8_scaling_parse("lately", &scaling)));
    cr_expect_not(failed(fp8_backward_parse("e4m3", &format)));
    cr_expect_eq(format, FORMAT_E4M3);
    cr_expect(failed(fp8_backward_parse("bf16", &format)));
    cr_expect(failed(fp8_backward_parse("e3m4", &format)));
    cr_expect_eq(format, FORMAT_E4M3);
}
