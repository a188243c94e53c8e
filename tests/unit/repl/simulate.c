#include "repl/simulate.h"

#include <criterion/criterion.h>
#include <string.h>

static Status run(const char *pattern, Scaler *scaler, Text *lines)
{
    ScalerSpec spec = scaler_spec_default();

    *scaler = (Scaler){.scale = 65536.0F};
    return simulate(pattern, &spec, scaler, lines);
}

Test(simulate, a_line_for_each_step)
{
    ScalerSpec spec = {.mode = SCALE_DYNAMIC, .growth = 2.0, .backoff = 0.25, .interval = 2};
    Scaler scaler = {.scale = 4.0F};
    Text lines = {0};

    cr_assert(!failed(simulate("001", &spec, &scaler, &lines)));
    cr_assert_str_eq(text_chars(&lines), "1\t0\t4\t1\t1\n2\t0\t8\t0\t1\n3\t1\t2\t0\t0\n");
    text_release(&lines);
}

Test(simulate, run_lengths_and_blanks)
{
    Scaler scaler;
    Text lines = {0};

    cr_assert(!failed(run(" 0*2000 1,0*3 ", &scaler, &lines)));
    cr_assert_eq(scaler.scale, 65536.0F);
    cr_assert_eq(scaler.tracker, 3);
    cr_assert_not_null(
        strstr(text_chars(&lines), "\n2000\t0\t131072\t0\t1\n2001\t1\t65536\t0\t0\n"));
    text_release(&lines);
}

Test(simulate, scales_read_back_exactly)
{
    ScalerSpec spec = {.mode = SCALE_DYNAMIC, .growth = 1.1, .backoff = 0.9, .interval = 1};
    Scaler scaler = {.scale = 65536.0F};
    Text lines = {0};

    cr_assert(!failed(simulate("0", &spec, &scaler, &lines)));
    cr_assert_str_eq(text_chars(&lines), "1\t0\t72089.6015625\t0\t1\n");
    text_release(&lines);
}

Test(simulate, what_is_no_pattern_prints_nothing)
{
    static const char *const patterns[] = {"",    " ",  "2",         "01x",         "0*",
                                           "0*0", "*3", "0*9999999", "0*1048576 1", "\xE2\x82\xAC"};

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        Scaler scaler;
        Text lines = {0};

        cr_expect(failed(run(patterns[i], &scaler, &lines)), "%s", patterns[i]);
        cr_expect_eq(lines.length, 0);
        text_release(&lines);
    }
}
