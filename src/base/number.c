#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strtod alone would take hexadecimal floats, "infinity" and leading blanks: say what we mean. */
static bool read_plain(const char *word, char **end, double *value)
{
    const char *digits = word + (*word == '-' || *word == '+');

    if (strncmp(digits, "inf", 3) == 0 || strncmp(digits, "nan", 3) == 0) {
        *value = digits[0] == 'n' ? (double)NAN : (double)INFINITY;
        *value = *word == '-' ? -*value : *value;
        *end = (char *)digits + 3;
        return true;
    }
    if (!isdigit((unsigned char)digits[0]) &&
        !(digits[0] == '.' && isdigit((unsigned char)digits[1])))
        return false;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return false;
    *value = strtod(word, end);
    return true;
}

static double suffix_factor(const char *suffix)
{
    if (strcmp(suffix, "") == 0)
        return 1.0;
    if (strcmp(suffix, "%") == 0)
        return 0.01;
    if (strcmp(suffix, "k") == 0)
        return 1024.0;
    if (strcmp(suffix, "M") == 0)
        return 1024.0 * 1024.0;
    if (strcmp(suffix, "G") == 0)
        return 1024.0 * 1024.0 * 1024.0;
    return 0.0;
}

static Status not_a_number(const char *word)
{
    return fail(STATUS_USAGE, "'%.40s' is not a number; try 1024, 1e-3, 2^16, 64k or 1%%", word);
}

Status number_parse(const char *word, double *value)
{
    double number, power, factor;
    char *end;

    if (!read_plain(word, &end, &number))
        return not_a_number(word);
    if (*end == '^') {
        if (!read_plain(end + 1, &end, &power))
            return not_a_number(word);
        /* As everywhere, and in expressions: -2^2 is -(2^2). */
        number = *word == '-' ? -pow(-number, power) : pow(number, power);
    }
    factor = suffix_factor(end);
    if (factor == 0.0)
        return not_a_number(word);
    /* 1% is exactly what 0.01 is: one rounding, by division. */
    *value = factor == 0.01 ? number / 100.0 : number * factor;
    return ok();
}

Status count_parse(const char *word, int64_t *value)
{
    const double most = 9007199254740992.0;
    double number = 0.0;

    TRY(number_parse(word, &number));
    if (fabs(number) > most)
        return fail(STATUS_USAGE, "'%.40s' is too large; whole numbers go up to 2^53", word);
    if (!(fabs(number) <= most) || number != floor(number))
        return fail(STATUS_USAGE, "'%.40s' is not a whole number; try 100, 2^10 or 64k", word);
    *value = (int64_t)number;
    return ok();
}

const char *number_shortest(double value, char text[NUMBER_TEXT])
{
    if (!isfinite(value)) {
        const char *sign = value < 0 ? "-" : "";

        snprintf(text, NUMBER_TEXT, "%s%s", sign, isnan(value) ? "nan" : "inf");
        return text;
    }
    if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(text, NUMBER_TEXT, "%.0f", value);
        return text;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

const char *float_shortest(float value, char text[NUMBER_TEXT])
{
    if (!isfinite(value) || (value == floorf(value) && fabsf(value) < 1e15f))
        return number_shortest((double)value, text);
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, NUMBER_TEXT, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value && (float)strtod(text, NULL) == value)
            break; /* also for who reads a double and rounds that */
    }
    return text;
}

const char *number_friendly(double value, char text[NUMBER_TEXT])
{
    int exponent;

    if (frexp(value, &exponent) == 0.5 && (exponent > 10 || exponent < 1)) {
        snprintf(text, NUMBER_TEXT, "2^%d", exponent - 1);
        return text;
    }
    return number_shortest(value, text);
}

const char *float_friendly(float value, char text[NUMBER_TEXT])
{
    char shortest[NUMBER_TEXT];

    (void)float_shortest(value, shortest);
    (void)number_friendly((double)value, text);
    if (text[0] != '2' || text[1] != '^')
        memcpy(text, shortest, NUMBER_TEXT);
    return text;
}
