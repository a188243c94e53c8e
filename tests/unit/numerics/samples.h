/* Floats that reach every branch: what the tests of this folder cast. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "reference.h"

#include "base/random.h"

enum { EDGE_LOWS = 16, EDGE_SAMPLES = EDGE_LOWS << 16 };

/* Sample i of EDGE_SAMPLES: every sign, exponent and upper seven bits of a mantissa, with lower
 * bits on, just below and just above each place where a format could round. */
static inline float edge_sample(int i)
{
    static const uint16_t lows[EDGE_LOWS] = {0x0000, 0x0001, 0x0FFF, 0x1000, 0x1001, 0x1FFF,
                                             0x2000, 0x2FFF, 0x3000, 0x3001, 0x7FFF, 0x8000,
                                             0x8001, 0xEFFF, 0xF000, 0xFFFF};

    return as_float((uint32_t)(i / EDGE_LOWS) << 16 | lows[i % EDGE_LOWS]);
}

/* A random pattern: all exponents alike, nan and infinity among them. */
static inline float random_sample(uint64_t i)
{
    const Random random = {.seed = 1, .stream = RANDOM_DATA};
    uint32_t bits = random_bits(&random, i);

    return i % 16 == 0 ? as_float(bits & 0x807FFFFF) : as_float(bits);
}

/* Bits, not values: nan equals itself, and -0 is not +0. */
static inline bool same_bits(const void *a, const void *b, int64_t floats)
{
    return memcmp(a, b, (size_t)floats * sizeof(float)) == 0;
}

#endif
