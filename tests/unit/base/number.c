#include "base/number.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double parsed(const char *word)
{
    double value = -12345.0;
    Status status = number_parse(word, &value);

    cr_assert_not(failed(status), "'%s': %s", word, status.text);
    return value;
}

static void refused(const char *word)
{
    double value = 7.0;
    Status status = number_parse(word, &value);

    cr_assert_eq(status.code, STATUS_USAGE, "'%s' was taken as %g", word, value);
    cr_assert_eq(value, 7.0, "'%s' changed the value", word);
    cr_assert_neq(strstr(status.text, "not a number"), NULL, "%s", status.text);
}

Test(number, every_way_to_write_a_number_is_read)
{
    cr_assert_eq(parsed("65536"), 65536.0);
    cr_assert_eq(parsed("2^16"), 65536.0);
    cr_assert_eq(parsed("64k"), 65536.0);
    cr_assert_eq(parsed("3M"), 3.0 * 1048576.0);
    cr_assert_eq(parsed("1G"), 1073741824.0);
    cr_assert_eq(parsed("1e-3"), 0.001);
    cr_assert_eq(parsed("-.5"), -0.5);
    cr_assert_eq(parsed("+2."), 2.0);
    cr_assert_eq(parsed("2^-24"), 0x1p-24);
    cr_assert_eq(parsed("2^10k"), 1048576.0);
    cr_assert_eq(parsed("inf"), (double)INFINITY);
    cr_assert_eq(parsed("-inf"), (double)-INFINITY);
    cr_assert(isnan(parsed("nan")));
}

Test(number, a_percent_is_the_double_nearest_to_the_hundredth)
{
    cr_assert_eq(parsed("1%"), 0.01);
    cr_assert_eq(parsed("7%"), 0.07);
    cr_assert_eq(parsed("35%"), 0.35);
}

Test(number, a_minus_applies_to_the_whole_power)
{
    cr_assert_eq(parsed("-2^2"), -4.0);
    cr_assert_eq(parsed("-2^0.5"), -sqrt(2.0));
}

Test(number, what_only_looks_like_a_number_is_refused)
{
    static const char *const words[] = {
        "",   "k",   "%",    "^",    "1e",  "0x10",     "-0x1p3",   "1.2.3", "2^",  "^2",  "2^3^4",
        "2^", "1kk", "64 k", " 1",   "1 ",  "infinity", "nan(1)",   "e5",    "--1", "1,5", "-",
        "+",  ".",   "64K",  "2^0x", "1%%", "2^ 3",     "infinite", "INF",   "1e+", "0x",  "1d",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        refused(words[i]);
}

Test(number, a_count_is_a_whole_number_up_to_2_to_the_53)
{
    int64_t value = 0;

    cr_assert_not(failed(count_parse("64k", &value)));
    cr_assert_eq(value, 65536);
    cr_assert_not(failed(count_parse("-3", &value)));
    cr_assert_eq(value, -3);
    cr_assert_not(failed(count_parse("2^53", &value)));
    cr_assert_eq(value, 9007199254740992);
    cr_assert_eq(count_parse("2^54", &value).code, STATUS_USAGE);
    cr_assert_eq(count_parse("1.5", &value).code, STATUS_USAGE);
    cr_assert_eq(count_parse("inf", &value).code, STATUS_USAGE);
    cr_assert_eq(count_parse("nan", &value).code, STATUS_USAGE);
    cr_assert_eq(count_parse("ten", &value).code, STATUS_USAGE);
    cr_assert_eq(value, 9007199254740992, "a refused word changed the value");
}

static void reads_back(double value)
{
    char text[NUMBER_TEXT];
    double back = strtod(number_shortest(value, text), NULL);

    cr_assert(back == value && signbit(back) == signbit(value), "%a became '%s'", value, text);
}

Test(number, the_shortest_text_of_a_random_double_reads_back_to_the_bit)
{
    const Random random = {1, RANDOM_DATA, 0};

    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t bits =
            (uint64_t)random_bits(&random, 2 * i) << 32 | random_bits(&random, 2 * i + 1);
        double value;

        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            reads_back(value);
    }
}

Test(number, the_shortest_text_of_a_random_float_reads_back_to_the_bit)
{
    const Random random = {2, RANDOM_DATA, 0};

    for (uint64_t i = 0; i < 20000; i++) {
        uint32_t bits = random_bits(&random, i);
        float value;

        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            reads_back((double)value);
    }
}

Test(number, the_shortest_text_has_no_digit_too_many)
{
    char text[NUMBER_TEXT];

    cr_assert_str_eq(number_shortest(0.1, text), "0.1");
    cr_assert_str_eq(number_shortest(65536.0, text), "65536");
    cr_assert_str_eq(number_shortest(1e-3, text), "0.001");
    cr_assert_str_eq(number_shortest(-0.0, text), "-0");
    cr_assert_str_eq(number_shortest(5e-324, text), "5e-324");
    cr_assert_str_eq(number_shortest(1e300, text), "1e+300");
    cr_assert_str_eq(number_shortest((double)INFINITY, text), "inf");
    cr_assert_str_eq(number_shortest((double)-INFINITY, text), "-inf");
    cr_assert_str_eq(number_shortest((double)NAN, text), "nan");
}

Test(number, the_shortest_text_of_a_float_is_shorter_than_its_doubles)
{
    const Random random = {3, RANDOM_DATA, 0};
    char text[NUMBER_TEXT];

    cr_assert_str_eq(float_shortest(0.001f, text), "0.001");
    cr_assert_str_eq(float_shortest(1e30f, text), "1e+30");
    cr_assert_str_eq(float_shortest(-65504.0f, text), "-65504");
    cr_assert_str_eq(float_shortest(INFINITY, text), "inf");
    for (uint64_t i = 0; i < 20000; i++) {
        uint32_t bits = random_bits(&random, i);
        float value, back;

        memcpy(&value, &bits, sizeof value);
        back = strtof(float_shortest(value, text), NULL);
        cr_assert(isnan(value) || back == value, "%a became '%s'", (double)value, text);
    }
}

Test(number, the_friendly_text_names_powers_of_two)
{
    char text[NUMBER_TEXT];

    cr_assert_str_eq(number_friendly(65536.0, text), "2^16");
    cr_assert_str_eq(number_friendly(1024.0, text), "2^10");
    cr_assert_str_eq(number_friendly(512.0, text), "512");
    cr_assert_str_eq(number_friendly(1.0, text), "1");
    cr_assert_str_eq(number_friendly(0.5, text), "2^-1");
    cr_assert_str_eq(number_friendly(0x1p-24, text), "2^-24");
    cr_assert_str_eq(number_friendly(0.1, text), "0.1");
    cr_assert_str_eq(number_friendly(0.0, text), "0");
    cr_assert_str_eq(number_friendly((double)INFINITY, text), "inf");
}
