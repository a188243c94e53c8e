#include "numerics/round.h"

#include "numerics/edges.h"

#include <math.h>

enum { CHUNK = 256 };

/* |x| counted in units of its last place in the format: whole ones, and 32 bits of the rest, so
 * that below 2^-32 units a value is as good as zero. */
typedef struct Places {
    uint64_t whole;
    uint32_t fraction;
    int exponent; /* of the last place */
} Places;

static Places places_of(const FormatInfo *info, int32_t magnitude)
{
    int field = magnitude >> 23, exponent = (field ? field : 1) - 150;
    uint64_t significand = ((uint32_t)magnitude & 0x7FFFFF) | (field ? 0x800000u : 0);
    int drop = 23 - info->mantissa_bits;

    if (exponent + drop < info->least_exponent)
        drop = info->least_exponent - exponent;

    Places places = {.exponent = exponent + drop};

    if (drop < 64) {
        places.whole = significand >> drop;
        places.fraction = (uint32_t)((significand << 32) >> drop);
    }
    return places;
}

/* 2^exponent, for exponents of a double's normal values. */
static double power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;

    memcpy(&power, &bits, sizeof power);
    return power;
}

static float round_stochastic(const FormatInfo *info, const Edges *edges, float value,
                              uint32_t bits)
{
    int32_t magnitude = float_magnitude(value);
    Places places = places_of(info, magnitude);

    if (magnitude >= FLOAT_INFINITY)
        return round_finish(edges, value, magnitude);
    places.whole += bits < places.fraction;

    double size = (double)places.whole * power_of_two(places.exponent);

    if (size > info->max)
        return round_finish(edges, copysignf(INFINITY, value), FLOAT_INFINITY);
    return copysignf((float)size, value);
}

void round_array_stochastic(Format format, Overflow overflow, Dither dither, const float *in,
                            float *out, int64_t count)
{
    const FormatInfo *info = &format_table[format];
    Edges edges = edges_of(format, overflow);
    uint32_t bits[CHUNK];

    if (format == FORMAT_FP32) {
        memmove(out, in, (size_t)count * sizeof *out);
        return;
    }
    for (int64_t first = 0; first < count; first += CHUNK) {
        int64_t some = count - first < CHUNK ? count - first : CHUNK;

        random_bits_fill(dither.random, dither.first + (uint64_t)first, bits, some);
        for (int64_t i = 0; i < some; i++)
            out[first + i] = round_stochastic(info, &edges, in[first + i], bits[i]);
    }
}
