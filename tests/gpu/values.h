/* Numbers to try ops with, and how results are compared. */
#ifndef TESTS_GPU_VALUES_H
#define TESTS_GPU_VALUES_H

#include "numerics/count.h"

/* Numbers in a bell around 0 with the deviation `size`, rounded to the format. */
void fill_normal(Format format, uint64_t seed, double size, int64_t count, float *values);

/* Inf, nan, both zeros, and the edges of all formats with their neighbours, of both signs; then
 * random patterns of 32 bits, which have every exponent, and numbers in a bell. `seed` turns them round, so
 * that two arrays meet in other pairs. Rounded to the format. */
void fill_special(Format format, uint64_t seed, int64_t count, float *values);

/* Whole numbers from -4 to 4: their products and sums are exact in any order. */
void fill_whole(uint64_t seed, int64_t count, float *values);

/* Equal bits; all nans are one. */
bool same_bits(float a, float b);

/* The first place where two arrays differ, or -1. */
int64_t first_difference(const float *a, const float *b, int64_t count);

/* Where an exact result may lie before it is rounded; nan in either: it must be nan. */
typedef struct Interval {
    double low, high;
    bool any; /* nothing can be said */
} Interval;

Interval anything(void);
Interval around(double exact, double error);

/* Whether rounding to the format can make `value` of a number of the interval. */
bool within(Format format, Interval interval, float value);

/* One unit in the last place of a float of this size. */
double ulp(double size);

/* ||a - b|| / ||b||, 0 where both are 0; over places where both are finite. */
double relative_distance(const float *a, const float *b, int64_t count);

/* Integers and extremes equal, mass and lost mass within 1e-12: for the same values before the cast.
 * Fails a check that begins with `what`. */
bool check_counts(const CastCounts *cpu, const CastCounts *gpu, const char *what);

/* The classes are those of the values that were stored, and sum up. */
bool check_partition(Format format, const float *stored, int64_t count, const CastCounts *counts,
                     const char *what);

#endif
