/* What a step of the present experiment costs in a format: the figures of session_bench_begin. */
#ifndef TRAIN_BENCH_H
#define TRAIN_BENCH_H

#include "telemetry/snapshot.h"
#include "train/settings.h"

typedef struct BenchSpec {
    Format format;
    ProbeSet probes;
    int64_t steps; /* to time, or what ten seconds compute; 0: what one second computes */
} BenchSpec;

typedef struct BenchFacts {
    Format format;
    ProbeSet probes;
    double seconds;         /* a step: the median of the repeats */
    int64_t steps, skipped; /* timed in all repeats; of them, those that moved no weight */
    int repeats;
    int64_t batch, flops; /* of one step: examples; operations of its products */
    MemoryFacts memory;
} BenchFacts;

#endif
