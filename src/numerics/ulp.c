#include "numerics/ulp.h"

#include "numerics/bits.h"

#include <math.h>

/* tf32 is stored as fp32 is, and leaves its last bits alone. */
static uint32_t pattern_step(Format format)
{
    return format == FORMAT_TF32 ? 1u << (23 - format_table[format].mantissa_bits) : 1;
}

float format_above(Format format, float value)
{
    uint32_t step = pattern_step(format), pattern = bits_of(format, value);

    if (isnan(value) || value == INFINITY)
        return value;
    if (value == 0.0F)
        return (float)format_table[format].min_subnormal;
    return bits_value(format, value > 0.0F ? pattern + step : pattern - step);
}

float format_below(Format format, float value)
{
    return -format_above(format, -value);
}

double format_ulp(Format format, double value)
{
    const FormatInfo *info = &format_table[format];
    int exponent = info->min_exponent;

    if (isnan(value))
        return value;
    if (fabs(value) >= info->max)
        exponent = info->max_exponent;
    else if (fabs(value) >= info->min_normal)
        exponent = ilogb(value);
    return ldexp(1.0, exponent - info->mantissa_bits);
}
