#include "base/random.h"

#include <math.h>

enum { ROUNDS = 10 };

static void philox_round(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k0, (uint32_t)p1,
                        (uint32_t)(p0 >> 32) ^ c[3] ^ k1, (uint32_t)p0};

    for (int i = 0; i < 4; i++)
        c[i] = next[i];
}

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1];

    for (int i = 0; i < 4; i++)
        out[i] = counter[i];
    for (int round = 0; round < ROUNDS; round++) {
        philox_round(out, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

static void random_block(const Random *random, uint64_t block, uint32_t out[4])
{
    uint32_t key[2] = {(uint32_t)random->seed, (uint32_t)(random->seed >> 32)};
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), random->stream,
                           random->substream};

    random_philox(counter, key, out);
}

uint32_t random_bits(const Random *random, uint64_t n)
{
    uint32_t out[4];

    random_block(random, n / 4, out);
    return out[n % 4];
}

void random_bits_fill(const Random *random, uint64_t first, uint32_t *bits, int64_t count)
{
    uint32_t out[4];

    for (int64_t i = 0; i < count; i++) {
        uint64_t n = first + (uint64_t)i;

        if (i == 0 || n % 4 == 0)
            random_block(random, n / 4, out);
        bits[i] = out[n % 4];
    }
}

double random_unit(const Random *random, uint64_t n)
{
    return random_bits(random, n) * 0x1p-32;
}

static float uniform(uint32_t bits, float low, float high)
{
    /* 24 bits make every value exact; the product is rounded once. */
    float unit = (float)(bits >> 8) * 0x1p-24f;
    float value = low + (high - low) * unit;

    return value < high ? value : nextafterf(high, low);
}

float random_uniform(const Random *random, uint64_t n, float low, float high)
{
    return uniform(random_bits(random, n), low, high);
}

void random_uniform_fill(const Random *random, float low, float high, float *values, int64_t count)
{
    uint32_t out[4];

    for (int64_t first = 0; first < count; first += 4) {
        int64_t rest = count - first < 4 ? count - first : 4;

        random_block(random, (uint64_t)first / 4, out);
        for (int64_t i = 0; i < rest; i++)
            values[first + i] = uniform(out[i], low, high);
    }
}

double random_normal(const Random *random, uint64_t n)
{
    const double two_pi = 6.283185307179586;
    double radius = sqrt(-2.0 * log(1.0 - random_unit(random, 2 * n)));

    return radius * cos(two_pi * random_unit(random, 2 * n + 1));
}

void random_permutation(const Random *random, int64_t count, int32_t *order)
{
    for (int64_t i = 0; i < count; i++)
        order[i] = (int32_t)i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j =
            (int64_t)(((uint64_t)random_bits(random, (uint64_t)i) * (uint64_t)(i + 1)) >> 32);
        int32_t swapped = order[i];

        order[i] = order[j];
        order[j] = swapped;
    }
}
