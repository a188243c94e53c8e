/* A slow rounding in whole numbers, written apart from src/numerics, to hold that against.
 *
 * Its constants are typed from IEEE 754 and OCP OFP8, not read from format_table.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "numerics/round.h"

#include <math.h>
#include <string.h>

typedef struct Reference {
    int mantissa_bits, bias, bits;
    uint32_t largest, overflowed, nan; /* patterns without sign */
} Reference;

static const Reference references[FORMAT_COUNT] = {
    [FORMAT_FP32] = {23, 127, 32, 0x7F7FFFFF, 0x7F800000, 0x7FC00000},
    [FORMAT_TF32] = {10, 127, 19, 0x3FBFF, 0x3FC00, 0x3FE00},
    [FORMAT_FP16] = {10, 15, 16, 0x7BFF, 0x7C00, 0x7E00},
    [FORMAT_BF16] = {7, 127, 16, 0x7F7F, 0x7F80, 0x7FC0},
    [FORMAT_E4M3] = {3, 7, 8, 0x7E, 0x7F, 0x7F},
    [FORMAT_E5M2] = {2, 15, 8, 0x7B, 0x7C, 0x7F},
};

static inline float as_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t as_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* `significand` without its last `drop` bits, to nearest, ties to even. */
static inline uint32_t reference_divide(uint32_t significand, int drop)
{
    uint64_t unit, rest, whole;

    if (drop > 25)
        return 0; /* less than half of one */
    unit = (uint64_t)1 << drop;
    whole = significand / unit;
    rest = significand % unit;
    if (2 * rest > unit || (2 * rest == unit && whole % 2 == 1))
        whole++;
    return (uint32_t)whole;
}

static inline uint32_t reference_finite(const Reference *to, uint32_t magnitude)
{
    uint32_t field = magnitude >> 23, hidden = 1u << to->mantissa_bits;
    uint32_t significand = field ? (magnitude & 0x7FFFFF) + 0x800000 : magnitude;
    int exponent = (int)(field ? field : 1) - 150; /* of the last bit */
    int least = 1 - to->bias - to->mantissa_bits;
    int last =
        exponent + 23 - to->mantissa_bits > least ? exponent + 23 - to->mantissa_bits : least;
    uint32_t whole = reference_divide(significand, last - exponent);

    if (whole < hidden)
        return whole;
    return ((uint32_t)(last - least + 1) << to->mantissa_bits) + (whole - hidden);
}

/* The stored pattern of the float with pattern `bits`, after rounding; sign and nan included. tf32
 * is told in its own 19 bits. */
static inline uint32_t reference_pattern(Format format, Overflow overflow, uint32_t bits)
{
    const Reference *to = &references[format];
    uint32_t magnitude = bits & 0x7FFFFFFF, sign = bits >> 31 << (to->bits - 1);
    bool clamp = overflow == OVERFLOW_SATURATE && to->bits == 8;
    uint32_t pattern = to->nan;

    if (magnitude <= 0x7F800000) {
        pattern = magnitude < 0x7F800000 ? reference_finite(to, magnitude) : to->largest + 1;
        if (pattern > to->largest)
            pattern = clamp ? to->largest : to->overflowed;
    }
    return sign | pattern;
}

/* What a pattern stands for. */
static inline float reference_value(Format format, uint32_t pattern)
{
    const Reference *from = &references[format];
    uint32_t sign = pattern >> (from->bits - 1) & 1, hidden = 1u << from->mantissa_bits;
    uint32_t magnitude = pattern & ((1u << (from->bits - 1)) - 1), field = magnitude / hidden;
    int least = 1 - from->bias - from->mantissa_bits;
    double size = field ? ldexp(hidden + magnitude % hidden, least + (int)field - 1)
                        : ldexp(magnitude, least);

    if (magnitude > from->largest)
        return as_float(
            sign << 31 |
            (magnitude == 0x7F || magnitude > from->overflowed ? 0x7FC00000 : 0x7F800000));
    return (float)(sign ? -size : size);
}

#endif
