/* The sum of doubles without any rounding, as one long whole number; rounded once, when it is read.
 *
 * An empty sum is all zeros. It takes 2^29 numbers; inf and nan add up as IEEE 754 has them.
 */
#ifndef NUMERICS_EXACT_SUM_H
#define NUMERICS_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EXACT_LIMB_BITS = 32,
    EXACT_LIMBS = 68, /* from 2^-1074 to beyond 2^1024 times 2^29, and a sign */
};

typedef struct ExactSum {
    int64_t limbs[EXACT_LIMBS]; /* limb i counts 2^(32 i - 1074); none is normalised */
    bool inf, minus_inf, nan;   /* was among what was added */
} ExactSum;

void exact_sum_add(ExactSum *sum, double value);

/* To the nearest double, ties to even. */
double exact_sum_value(const ExactSum *sum);

#endif
