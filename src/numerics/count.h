/* What a cast did to each of its values.
 *
 * For x, a float before the cast, and q, what the cast made of it, exactly one class holds:
 *
 *     nan        x is nan
 *     inf        x is infinite
 *     zero       x is +0 or -0
 *     overflow   x is finite, and q is not, or q was clamped to the largest value
 *     underflow  x is not 0, and q is
 *     subnormal  0 < |q| < smallest normal
 *     normal     all others
 *
 * Their sum is the number of values, always. The histogram counts x by the exponent of its leading
 * bit, floor(log2|x|) from -149 to 127; nan, inf and zero are outside it. Counts are integers, so
 * they do not depend on order, threads or backend. The magnitudes are sums in double in a fixed
 * order (blocks of COUNT_BLOCK, then the blocks' sums in order): they repeat to the bit.
 */
#ifndef NUMERICS_COUNT_H
#define NUMERICS_COUNT_H

#include "numerics/round.h"

enum {
    EXPONENT_LEAST = -149,
    EXPONENT_MOST = 127,
    EXPONENT_BINS = EXPONENT_MOST - EXPONENT_LEAST + 1, /* bin i: exponent EXPONENT_LEAST + i */
    COUNT_BLOCK = 4096,
};

typedef enum CastClass {
    CAST_NAN,
    CAST_INF,
    CAST_ZERO,
    CAST_OVERFLOW,
    CAST_UNDERFLOW,
    CAST_SUBNORMAL,
    CAST_NORMAL,
    CAST_CLASSES,
} CastClass;

extern const char *const cast_class_names[CAST_CLASSES];

typedef struct CastCounts {
    int64_t count;                    /* values seen */
    int64_t classes[CAST_CLASSES];    /* sums to count */
    int64_t histogram[EXPONENT_BINS]; /* sums to count - nan - inf - zero */
    float amax;                       /* largest finite |x| before the cast; 0 if there is none */
    float amin;                       /* smallest finite |x| but zero; 0 if there is none */
    double mass;                      /* sum of finite |x| before the cast */
    double lost_mass;                 /* the part of `mass` whose values underflowed */
} CastCounts;

/* The class of one value: the definition, which the fast form is tested against. */
CastClass cast_class(Format format, Overflow overflow, float value);

/* Rounds as round_array does and adds what happened to `counts`. in and out may be the same array.
 * For arrays of one block or more: split by COUNT_BLOCK, count each block into a CastCounts of its
 * own, and add them in order; then threads cannot change a bit. */
void cast_counted(Format format, Overflow overflow, const float *in, float *out, int64_t count,
                  CastCounts *counts);

/* counts += more, in this order. */
void cast_counts_add(CastCounts *counts, const CastCounts *more);

/* Sum of the nonzero finite values seen: what "underflow" is a share of. */
int64_t cast_counts_nonzero(const CastCounts *counts);

/* Values that a step's cast to `format` found inf or nan, or made so: none of those that it clamps. */
int64_t cast_counts_nonfinite(const CastCounts *counts, Format format);

/* How many values would become zero, be subnormal, or overflow in `format` if all were multiplied
 * by 2^shift: read off the histogram, so exact up to the values within the edge bins. */
void cast_counts_predict(const CastCounts *counts, Format format, int shift, int64_t *underflow,
                         int64_t *subnormal, int64_t *overflow);

#endif
