/* What casting costs on one core with everything in cache, as CSV: the best of many repeats. */
#include "base/random.h"
#include "numerics/bits.h"
#include "numerics/count.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum { VALUES = 16384, ROUNDS = 20, REPEATS = 30 };

typedef struct Arrays {
    float in[VALUES], out[VALUES];
    uint32_t stored[VALUES];
    CastCounts counts;
} Arrays;

typedef void Operation(Format format, Arrays *arrays);

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void run_round(Format format, Arrays *arrays)
{
    round_array(format, OVERFLOW_INFINITY, arrays->in, arrays->out, VALUES);
}

static void run_counted(Format format, Arrays *arrays)
{
    cast_counted(format, OVERFLOW_INFINITY, arrays->in, arrays->out, VALUES, &arrays->counts);
}

static void run_pack(Format format, Arrays *arrays)
{
    bits_pack(format, arrays->out, arrays->stored, VALUES);
}

static void measure(Format format, const char *name, Operation *operation, Arrays *arrays)
{
    double best = HUGE_VAL;

    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = now(), seconds;

        for (int i = 0; i < ROUNDS; i++)
            operation(format, arrays);
        seconds = now() - start;
        best = seconds < best ? seconds : best;
    }
    printf("%s,%s,%.2f\n", format_name(format), name, 1e-9 * VALUES * ROUNDS / best);
}

/* Scaled gradients of a small network: mostly normal in fp16, the smallest ones underflow, a
 * quarter is zero. */
static void fill(float *in)
{
    const Random random = {.stream = RANDOM_DATA};

    for (uint64_t i = 0; i < VALUES; i++)
        in[i] = random_bits(&random, i) % 4 == 0
                    ? 0.0f
                    : (float)ldexp(random_normal(&random, VALUES + i), -(int)(i % 24));
}

int main(void)
{
    static Arrays arrays;

    fill(arrays.in);
    printf("format,operation,gelem_per_s\n");
    for (int f = 0; f < FORMAT_COUNT; f++) {
        measure((Format)f, "round_array", run_round, &arrays);
        measure((Format)f, "cast_counted", run_counted, &arrays);
        measure((Format)f, "bits_pack", run_pack, &arrays);
    }
    return 0;
}
