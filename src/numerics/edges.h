/* The constants of a rounding, as bit patterns of floats, and the rounding of one magnitude.
 *
 * Private to this folder. Magnitudes are float patterns without their sign, so that they order as
 * integers do; they are compared as signed ones, for which processors have vector instructions.
 */
#ifndef NUMERICS_EDGES_H
#define NUMERICS_EDGES_H

#include "numerics/round.h"

#include <string.h>

#define FLOAT_SIGN     0x80000000u
#define FLOAT_INFINITY 0x7F800000
#define FLOAT_NAN      0x7FC00000

typedef struct Edges {
    int shift;           /* mantissa bits of a float that the format lacks */
    uint32_t below_half; /* one less than half a unit in the last place that stays */
    uint32_t kept;       /* mask of the bits that stay */
    float magic;         /* its last place is the smallest subnormal: adding it rounds there */
    int32_t min_normal;
    int32_t overflow_from, overflow_to;
    int32_t zero_upto, normal_from;
} Edges;

static inline uint32_t float_pattern(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float pattern_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline int32_t float_magnitude(float value)
{
    return (int32_t)(float_pattern(value) & ~FLOAT_SIGN);
}

static inline int32_t overflow_result(const FormatInfo *info, Overflow overflow)
{
    if (overflow == OVERFLOW_SATURATE && info->bits == 8)
        return float_magnitude((float)info->max);
    return info->has_infinity ? FLOAT_INFINITY : FLOAT_NAN;
}

static inline Edges edges_of(Format format, Overflow overflow)
{
    const FormatInfo *info = &format_table[format];
    int shift = 23 - info->mantissa_bits;
    Edges edges = {
        .shift = shift,
        .below_half = shift ? (1u << (shift - 1)) - 1 : 0,
        .kept = ~((1u << shift) - 1),
        .magic = (float)(info->min_subnormal * 0x1p23),
        .min_normal = float_magnitude((float)info->min_normal),
        .overflow_from = float_magnitude((float)info->overflow_from),
        .overflow_to = overflow_result(info, overflow),
        .zero_upto = float_magnitude((float)info->zero_upto),
        .normal_from = float_magnitude((float)info->normal_from),
    };

    return edges;
}

/* Where a format has the exponents of a float, its subnormals are rounded by the same carry as its
 * normal values; elsewhere they need the magic addition. */
static inline bool format_is_wide(Format format)
{
    return format_table[format].exponent_bits == 8;
}

static inline int32_t round_carry(const Edges *edges, int32_t magnitude)
{
    uint32_t bits = (uint32_t)magnitude, odd = (bits >> edges->shift) & 1;

    return (int32_t)((bits + edges->below_half + odd) & edges->kept);
}

static inline int32_t round_subnormal(const Edges *edges, int32_t magnitude)
{
    return (int32_t)float_pattern((pattern_float((uint32_t)magnitude) + edges->magic) -
                                  edges->magic);
}

static inline float round_finish(const Edges *edges, float value, int32_t rounded)
{
    int32_t magnitude = float_magnitude(value);

    rounded = magnitude >= edges->overflow_from ? edges->overflow_to : rounded;
    rounded = magnitude > FLOAT_INFINITY ? FLOAT_NAN : rounded;
    return pattern_float((uint32_t)rounded | (float_pattern(value) & FLOAT_SIGN));
}

static inline float round_wide(const Edges *edges, float value)
{
    return round_finish(edges, value, round_carry(edges, float_magnitude(value)));
}

static inline float round_narrow(const Edges *edges, float value)
{
    int32_t magnitude = float_magnitude(value);
    int32_t normal = round_carry(edges, magnitude), small = round_subnormal(edges, magnitude);

    return round_finish(edges, value, magnitude < edges->min_normal ? small : normal);
}

#endif
