/* Rounding floats to a format, exactly, one value or arrays at the speed of memory.
 *
 * Results are carried in floats (numerics/format.h). Nearest is to nearest, ties to even, as every
 * cast of PyTorch and CUDA is. Overflow gives infinity (e4m3: nan); SATURATE, which only the fp8
 * formats take, gives the largest finite value instead, for infinite inputs too, as CUDA's
 * __NV_SATFINITE does. A nan becomes the quiet nan 0x7FC00000 with its sign.
 */
#ifndef NUMERICS_ROUND_H
#define NUMERICS_ROUND_H

#include "base/random.h"
#include "numerics/format.h"

typedef enum Overflow { OVERFLOW_INFINITY, OVERFLOW_SATURATE } Overflow;

/* What a step's cast to a format does beyond the largest value: fp8 is clamped, as TransformerEngine has
 * it. */
Overflow format_overflow(Format format);

float round_to(Format format, Overflow overflow, float value);

/* out[i] = round_to(in[i]); in and out may be the same array, but not overlap otherwise. FORMAT_FP32
 * copies, payloads of nans too. */
void round_array(Format format, Overflow overflow, const float *in, float *out, int64_t count);

/* The random numbers of a stochastic rounding: value i takes number first + i of the stream, so that
 * order, threads and where an array is split do not matter. */
typedef struct Dither {
    const Random *random; /* borrowed for the call */
    uint64_t first;
} Dither;

/* Stochastic rounding: up with a probability of the distance in ulps (Gupta et al., ICML 2015),
 * exact to 2^-32. Values of the format stay; beyond the largest value the next step up overflows;
 * overflow and nan as above. */
void round_array_stochastic(Format format, Overflow overflow, Dither dither, const float *in,
                            float *out, int64_t count);

#endif
