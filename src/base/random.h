/* Counter-based random numbers: the n-th number of a stream is a pure function of (seed, stream, n),
 * so order and threads cannot change it, and a GPU computes the same.
 *
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), Philox4x32-10.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/* What the numbers are for: each use has numbers of its own. */
typedef enum RandomStream {
    RANDOM_INIT,
    RANDOM_SHUFFLE,
    RANDOM_DATA,
    RANDOM_ROUNDING,
    RANDOM_DROPOUT,
    RANDOM_SAMPLE, /* characters that a network writes */
} RandomStream;

typedef struct Random {
    uint64_t seed;
    uint32_t stream;    /* RandomStream */
    uint32_t substream; /* a parameter's place in the network, an epoch, ... */
} Random;

/* 32 random bits, uniform. */
uint32_t random_bits(const Random *random, uint64_t n);

/* Numbers first .. first + count - 1 of them; four come of one block. */
void random_bits_fill(const Random *random, uint64_t first, uint32_t *bits, int64_t count);

/* A double in [0, 1) of 32 random bits. */
double random_unit(const Random *random, uint64_t n);

/* A float in [low, high). */
float random_uniform(const Random *random, uint64_t n, float low, float high);

/* The first `count` of them: values[n] is what random_uniform gives for n, in a third of its time. */
void random_uniform_fill(const Random *random, float low, float high, float *values, int64_t count);

/* Standard normal (Box-Muller over numbers 2n and 2n + 1). */
double random_normal(const Random *random, uint64_t n);

/* A uniform permutation of 0 .. count-1 (Fisher and Yates). */
void random_permutation(const Random *random, int64_t count, int32_t *order);

/* The ten rounds of Philox4x32 themselves, for tests against published vectors. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
