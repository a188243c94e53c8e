/* The figures of a bench as tables of at most 80 columns, and as CSV. */
#ifndef REPL_BENCH_REPORT_H
#define REPL_BENCH_REPORT_H

#include "base/text.h"
#include "train/bench.h"

/* How often faster than `base` (rows have the same probes) a row's step is; none where no such row was
 * measured, or where the backend emulates and its times are not the format's. */
Measure bench_speedup(const BenchFacts *rows, int count, const BenchFacts *row, Format base);

/* Appends the tables of speed and memory, and what is to be known of them. */
void bench_tables(const BenchFacts *rows, int count, Text *text);

/* Appends a header, and a line for each row; what is none is empty. */
void bench_csv(const BenchFacts *rows, int count, Text *text);

#endif
