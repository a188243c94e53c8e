#include "base/random.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Vector {
    uint32_t counter[4], key[2], out[4];
} Vector;

/* Published with the paper's own library (Random123, kat_vectors, philox4x32 with 10 rounds). */
static const Vector published[] = {
    {{0}, {0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

Test(random, philox_gives_the_published_vectors)
{
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        uint32_t out[4];

        random_philox(published[i].counter, published[i].key, out);
        cr_assert_eq(memcmp(out, published[i].out, sizeof out), 0, "vector %zu: %08x ...", i,
                     out[0]);
    }
}

Test(random, the_nth_number_is_a_word_of_block_n_over_4)
{
    const Random zero = {0, 0, 0};
    const Random pi = {0x299f31d0a4093822, 0x13198a2e, 0x03707344};
    uint64_t block = 0x85a308d3243f6a88 & (UINT64_MAX >> 2);
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), 0x13198a2e, 0x03707344};
    uint32_t key[2] = {0xa4093822, 0x299f31d0}, out[4];

    for (uint64_t n = 0; n < 4; n++)
        cr_assert_eq(random_bits(&zero, n), published[0].out[n]);
    random_philox(counter, key, out);
    for (uint64_t n = 0; n < 4; n++)
        cr_assert_eq(random_bits(&pi, 4 * block + n), out[n]);
}

Test(random, many_at_once_are_the_same_numbers)
{
    const Random random = {11, RANDOM_ROUNDING, 3};
    uint64_t start = UINT64_C(0x3fffffffe); /* in the middle of a block, and a counter's carry */
    uint32_t bits[23];

    for (uint64_t first = start; first < start + 4; first++) {
        random_bits_fill(&random, first, bits, 23);
        for (uint64_t i = 0; i < 23; i++)
            cr_assert_eq(bits[i], random_bits(&random, first + i), "number %d", (int)i);
    }
}

Test(random, seed_stream_and_substream_each_change_the_numbers)
{
    const Random base = {5, RANDOM_INIT, 0}, seed = {5 + (1ull << 32), RANDOM_INIT, 0},
                 stream = {5, RANDOM_SHUFFLE, 0}, substream = {5, RANDOM_INIT, 1};

    cr_assert_neq(random_bits(&base, 0), random_bits(&seed, 0));
    cr_assert_neq(random_bits(&base, 0), random_bits(&stream, 0));
    cr_assert_neq(random_bits(&base, 0), random_bits(&substream, 0));
}

Test(random, a_uniform_number_never_reaches_its_upper_bound)
{
    const Random random = {3, RANDOM_INIT, 0};
    float next = nextafterf(1.0f, 2.0f);

    for (uint64_t n = 0; n < 1000; n++) {
        float narrow = random_uniform(&random, n, 1.0f, next);
        float wide = random_uniform(&random, n, -0.25f, 0.25f);

        cr_assert_eq(narrow, 1.0f, "number %llu", (unsigned long long)n);
        cr_assert(wide >= -0.25f && wide < 0.25f);
    }
}

Test(random, uniform_and_normal_numbers_have_their_mean_and_variance)
{
    const Random random = {4, RANDOM_INIT, 0};
    const int count = 20000;
    double unit = 0.0, normal = 0.0, squares = 0.0;

    for (int n = 0; n < count; n++) {
        double x = random_normal(&random, (uint64_t)n);

        unit += random_unit(&random, (uint64_t)n);
        normal += x;
        squares += x * x;
    }
    cr_assert_float_eq(unit / count, 0.5, 0.01);
    cr_assert_float_eq(normal / count, 0.0, 0.03);
    cr_assert_float_eq(squares / count, 1.0, 0.05);
}

Test(random, a_permutation_has_every_number_once)
{
    const Random random = {6, RANDOM_SHUFFLE, 2};

    for (int64_t count = 0; count < 200; count = count < 5 ? count + 1 : count * 3) {
        int32_t *order = xcalloc((size_t)count, sizeof *order);
        char *seen = xcalloc((size_t)count, 1);

        random_permutation(&random, count, order);
        for (int64_t i = 0; i < count; i++) {
            cr_assert(order[i] >= 0 && order[i] < count);
            cr_assert_eq(seen[order[i]]++, 0, "%d stands twice", order[i]);
        }
        free(seen);
        free(order);
    }
}

Test(random, filling_gives_the_numbers_that_asking_for_each_does)
{
    const Random random = {8, RANDOM_DATA, 5};
    float values[32];

    for (int64_t count = 0; count < 20; count++) {
        memset(values, 0xFF, sizeof values);
        random_uniform_fill(&random, -1.0f, 1.0f, values, count);
        for (int64_t i = 0; i < count; i++)
            cr_assert_eq(values[i], random_uniform(&random, (uint64_t)i, -1.0f, 1.0f));
        cr_assert(isnan(values[count]), "it wrote on behind %lld", (long long)count);
    }
}

Test(random, every_permutation_of_three_is_about_as_frequent)
{
    int seen[6] = {0};

    for (uint64_t seed = 0; seed < 6000; seed++) {
        const Random random = {seed, RANDOM_SHUFFLE, 0};
        int32_t order[3];

        random_permutation(&random, 3, order);
        seen[2 * order[0] + (order[1] > order[2])]++;
    }
    for (int i = 0; i < 6; i++)
        cr_assert(seen[i] > 850 && seen[i] < 1150, "permutation %d came %d times", i, seen[i]);
}
