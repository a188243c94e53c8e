/* Rounds every float there is to every format, and compares with somebody else's answer.
 *
 *     exhaustive               all 2^32 inputs (minutes)
 *     exhaustive --sampled     every 4099th, as `exhaustive 4099`
 *
 * Each input goes the whole way: rounded, packed into the format's bits, unpacked again. Oracles
 * differ in what they make of a nan, so of theirs only "nan" is asked; ours must be the canonical
 * one with the input's sign.
 */
#include "oracle.h"

#include "base/pool.h"
#include "numerics/bits.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 8192, THREADS = 2, SAMPLED = 4099 };

typedef struct Sweep {
    const Case *which;
    Oracle oracle;
    uint64_t stride, inputs;
    atomic_ullong mismatches;
    atomic_ullong example; /* an input that went wrong */
} Sweep;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* tf32 is stored as fp32; its own bits are the upper 19, and the rest must be 0. */
static uint32_t own_pattern(Format format, uint32_t stored)
{
    return format == FORMAT_TF32 ? (stored & 0x1FFF ? UINT32_MAX : stored >> 13) : stored;
}

static uint32_t load(int bits, const void *stored, int i)
{
    if (bits == 8)
        return ((const uint8_t *)stored)[i];
    return bits == 16 ? ((const uint16_t *)stored)[i] : ((const uint32_t *)stored)[i];
}

static bool agrees(const Case *which, uint32_t input, uint32_t ours, uint32_t theirs)
{
    const Reference *format = &references[which->format];
    uint32_t sign = input >> 31 << (format->bits - 1);

    if ((input & 0x7FFFFFFF) > 0x7F800000)
        return ours == (format->nan | sign) && oracle_is_nan(which->format, theirs);
    return ours == theirs;
}

static void sweep_block(void *context, int task)
{
    Sweep *sweep = context;
    const Case *which = sweep->which;
    int bits = format_table[which->format].bits;
    uint64_t first = (uint64_t)task * BLOCK, left = sweep->inputs - first;
    int count = left < BLOCK ? (int)left : BLOCK;
    float in[BLOCK], rounded[BLOCK], back[BLOCK];
    uint32_t stored[BLOCK], theirs[BLOCK];

    for (int i = 0; i < BLOCK; i++)
        in[i] = as_float((uint32_t)((first + (uint64_t)i) * sweep->stride));
    round_array(which->format, which->overflow, in, rounded, count);
    bits_pack(which->format, rounded, stored, count);
    bits_unpack(which->format, stored, back, count);
    sweep->oracle.cast(which, in, theirs, count);
    for (int i = 0; i < count; i++) {
        uint32_t ours = own_pattern(which->format, load(bits, stored, i));

        if (!agrees(which, as_bits(in[i]), ours, theirs[i]) ||
            as_bits(rounded[i]) != as_bits(back[i])) {
            atomic_fetch_add(&sweep->mismatches, 1);
            atomic_store(&sweep->example, as_bits(in[i]));
        }
    }
}

static bool sweep_case(Pool *pool, const Case *which, uint64_t stride)
{
    Sweep sweep = {
        .which = which,
        .oracle = oracle_of(which),
        .stride = stride,
        .inputs = (((uint64_t)1 << 32) + stride - 1) / stride,
    };
    double start = now();

    pool_run(pool, sweep_block, &sweep, (int)((sweep.inputs + BLOCK - 1) / BLOCK));
    printf("%-14s oracle %-16s %" PRIu64 " inputs, %llu mismatches, %.1f s\n", which->name,
           sweep.oracle.name, sweep.inputs, atomic_load(&sweep.mismatches), now() - start);
    if (atomic_load(&sweep.mismatches) > 0)
        printf("    one of them: 0x%08llX\n", atomic_load(&sweep.example));
    fflush(stdout);
    return atomic_load(&sweep.mismatches) == 0;
}

static uint64_t stride_of(const char *word)
{
    return strcmp(word, "--sampled") == 0 ? SAMPLED : strtoull(word, NULL, 10);
}

int main(int argc, char **argv)
{
    uint64_t stride = argc > 1 ? stride_of(argv[1]) : 1;
    Pool *pool;
    int passed = 0, count = 0;

    if (argc > 2 || stride == 0) {
        fprintf(stderr, "usage: exhaustive [STRIDE | --sampled]\n");
        return 2;
    }
    pool = pool_new(THREADS);
    for (const Case *which = cases; which->name; which++) {
        passed += sweep_case(pool, which, stride);
        count++;
    }
    pool_free(pool);
    printf("%d passed, %d failed\n", passed, count - passed);
    return passed == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
