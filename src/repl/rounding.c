#include "repl/rounding.h"

#include "base/number.h"
#include "numerics/bits.h"
#include "numerics/ulp.h"

#include <math.h>

/* What fp32 could not hold is lost before the cast begins. */
static CastClass class_of(Format format, double value)
{
    float held = (float)value;

    if (isinf(held) && !isinf(value))
        return CAST_OVERFLOW;
    if (held == 0.0F && value != 0.0)
        return CAST_UNDERFLOW;
    return cast_class(format, OVERFLOW_INFINITY, held);
}

static Rounding measured(Rounding rounding)
{
    double error = (double)rounding.stored - rounding.value;

    rounding.ulp = format_ulp(rounding.format, rounding.value);
    rounding.ulps = isfinite(error) ? error / rounding.ulp : (double)NAN;
    return rounding;
}

Rounding rounding_of(Format format, double value)
{
    float stored = round_to(format, OVERFLOW_INFINITY, (float)value);

    return measured((Rounding){.format = format,
                               .value = value,
                               .stored = stored,
                               .pattern = bits_of(format, stored),
                               .class = class_of(format, value)});
}

Rounding rounding_of_pattern(Format format, uint32_t pattern)
{
    float stored = bits_value(format, pattern);

    return measured((Rounding){.format = format,
                               .value = (double)stored,
                               .stored = stored,
                               .pattern = pattern,
                               .class = class_of(format, (double)stored)});
}

static void print_error(const Rounding *rounding, Text *text)
{
    if (rounding->ulps == 0.0)
        text_append(text, "exact");
    else
        text_printf(text, "%s by %.3g ulp (%.2g of it)", rounding->ulps > 0.0 ? "up" : "down",
                    fabs(rounding->ulps),
                    fabs(((double)rounding->stored - rounding->value) / rounding->value));
}

static void print_overflow(const Rounding *rounding, Text *text)
{
    const FormatInfo *info = &format_table[rounding->format];
    char stored[NUMBER_TEXT], most[NUMBER_TEXT];

    text_printf(text, "overflow to %s: the largest is %s",
                number_shortest((double)rounding->stored, stored),
                number_shortest(info->max, most));
}

void rounding_words(const Rounding *rounding, Text *text)
{
    const FormatInfo *info = &format_table[rounding->format];
    char least[NUMBER_TEXT];

    switch (rounding->class) {
    case CAST_NAN:
        text_append(text, "nan stays nan");
        break;
    case CAST_INF:
        text_append(text, info->has_infinity ? "exact" : "to nan: there is no infinity");
        break;
    case CAST_OVERFLOW:
        print_overflow(rounding, text);
        break;
    case CAST_UNDERFLOW:
        text_printf(text, "underflow to 0: the smallest is %s",
                    number_friendly(info->min_subnormal, least));
        break;
    case CAST_SUBNORMAL:
        text_append(text, "subnormal, ");
        print_error(rounding, text);
        break;
    default:
        print_error(rounding, text);
    }
}

/* The bits that carry something: those of tf32 stand left in 32. */
static int used_bits(Format format)
{
    return 1 + format_table[format].exponent_bits + format_table[format].mantissa_bits;
}

void rounding_bits(const Rounding *rounding, Text *text)
{
    const FormatInfo *info = &format_table[rounding->format];

    for (int i = 0; i < used_bits(rounding->format); i++) {
        text_append(text, i == 1 || i == 1 + info->exponent_bits ? " " : "");
        text_append(text, rounding->pattern >> (info->bits - 1 - i) & 1 ? "1" : "0");
    }
}

void rounding_hex(const Rounding *rounding, Text *text)
{
    text_printf(text, "0x%0*X", format_table[rounding->format].bits / 4,
                (unsigned)rounding->pattern);
}

static void print_letters(Format format, Text *text)
{
    const FormatInfo *info = &format_table[format];

    text_append(text, "s ");
    for (int i = 0; i < info->exponent_bits; i++)
        text_append(text, "e");
    text_append(text, " ");
    for (int i = 0; i < info->mantissa_bits; i++)
        text_append(text, "m");
}

/* What the bits say: "1.5 x 2^-3", and below the normal values "0.75 x 2^-14". */
static void print_meaning(const Rounding *rounding, Text *text)
{
    const FormatInfo *info = &format_table[rounding->format];
    double value = (double)rounding->stored;
    char number[NUMBER_TEXT];
    int exponent = info->min_exponent;

    if (value == 0.0 || !isfinite(value)) {
        text_append(text, number_shortest(value, number));
        return;
    }
    if (fabs(value) >= info->min_normal)
        exponent = ilogb(value);
    text_printf(text, "%s x 2^%d", number_shortest(ldexp(value, -exponent), number), exponent);
}

static void print_around(const Rounding *rounding, Text *text)
{
    char below[NUMBER_TEXT], above[NUMBER_TEXT], ulp[NUMBER_TEXT];

    if (isnan(rounding->stored))
        return;
    number_shortest((double)format_below(rounding->format, rounding->stored), below);
    number_shortest((double)format_above(rounding->format, rounding->stored), above);
    text_printf(text, "      between %s and %s; ulp %s\n", below, above,
                number_friendly(format_ulp(rounding->format, (double)rounding->stored), ulp));
}

void rounding_draw(const Rounding *rounding, Text *text)
{
    char stored[NUMBER_TEXT];

    text_printf(text, "%-6s", format_name(rounding->format));
    print_letters(rounding->format, text);
    text_printf(text, "  %s\n      ", format_table[rounding->format].title);
    rounding_bits(rounding, text);
    text_append(text, "  ");
    rounding_hex(rounding, text);
    text_append(text, " = ");
    print_meaning(rounding, text);
    text_printf(text, "\n      %s: ", number_shortest((double)rounding->stored, stored));
    rounding_words(rounding, text);
    text_append(text, "\n");
    print_around(rounding, text);
}

void rounding_csv_heads(Text *text)
{
    text_append(text, "value,format,bits,hex,stored,below,above,ulp,class,error_ulps\n");
}

void rounding_csv(const Rounding *rounding, Text *text)
{
    Format format = rounding->format;
    float around[] = {rounding->stored, format_below(format, rounding->stored),
                      format_above(format, rounding->stored)};
    char number[NUMBER_TEXT];

    text_printf(text, "%s,%s,", number_shortest(rounding->value, number), format_name(format));
    rounding_bits(rounding, text);
    text_append(text, ",");
    rounding_hex(rounding, text);
    for (int i = 0; i < 3; i++)
        text_printf(text, ",%s", number_shortest((double)around[i], number));
    text_printf(text, ",%s", number_shortest(format_ulp(format, (double)rounding->stored), number));
    text_printf(text, ",%s,", cast_class_names[rounding->class]);
    text_printf(text, "%s\n", number_shortest(rounding->ulps, number));
}
