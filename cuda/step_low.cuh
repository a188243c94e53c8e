/* Numbers whose format is known only as they are loaded, and the roundings of a weight without a master:
 * src/numerics/stochastic.c and src/base/random.c to the bit.
 */
#ifndef CUDA_STEP_LOW_CUH
#define CUDA_STEP_LOW_CUH

#include "device.cuh"

static __device__ __forceinline__ float load_any(const Array &array, int row, int col)
{
    return array.format == FORMAT_BF16 ? load_at<FORMAT_BF16>(array, row, col)
                                       : load_at<FORMAT_FP16>(array, row, col);
}

/* Rounds to nearest, stores, and hands back what was stored. */
static __device__ __forceinline__ float store_any(const Array &array, int row, int col, float x)
{
    return array.format == FORMAT_BF16 ? store_at<FORMAT_BF16>(array, row, col, x)
                                       : store_at<FORMAT_FP16>(array, row, col, x);
}

static __device__ __forceinline__ float rounded_any(Format format, float x)
{
    return format == FORMAT_BF16   ? rounded<FORMAT_BF16>(x)
           : format == FORMAT_FP16 ? rounded<FORMAT_FP16>(x)
                                   : x;
}

/* Philox4x32-10. */
static __device__ __forceinline__ uint32_t philox(uint32_t *c, uint64_t key, int lane)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);

#pragma unroll
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t c1 = c[1], c3 = c[3];

        c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c[1] = (uint32_t)p1;
        c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c[3] = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return lane == 0 ? c[0] : lane == 1 ? c[1] : lane == 2 ? c[2] : c[3];
}

/* Of element `i` of the parameter at `place`: random_bits of rounding_number (program/program.h). */
static __device__ __forceinline__ uint32_t rounding_bits(const Scalars *scalars, uint32_t place,
                                                         int64_t i)
{
    uint64_t n = ((uint64_t)scalars->step << 32) + (uint64_t)i, block = n / 4;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), RANDOM_ROUNDING, place};

    return philox(counter, scalars->seed, (int)(n % 4));
}

/* |x| in units of its last place in the format: whole ones, and 32 bits of the rest. */
static __device__ __forceinline__ float rounded_stochastic(Format format, float x, uint32_t bits)
{
    uint32_t magnitude = __float_as_uint(x) & 0x7FFFFFFFu, fraction = 0;
    int field = (int)(magnitude >> 23), exponent = (field ? field : 1) - 150;
    uint64_t significand = (magnitude & 0x7FFFFFu) | (field ? 0x800000u : 0u), whole = 0;
    int drop = format == FORMAT_BF16 ? 16 : 13, least = format == FORMAT_BF16 ? -133 : -24;

    if (magnitude >= 0x7F800000u)
        return rounded_any(format, x);
    if (exponent + drop < least)
        drop = least - exponent;
    if (drop < 64) {
        whole = significand >> drop;
        fraction = (uint32_t)((significand << 32) >> drop);
    }
    whole += bits < fraction;

    /* Beyond the largest value it rounds to infinity, as to nearest. */
    return rounded_any(format, copysignf((float)scalbn((double)whole, exponent + drop), x));
}

#endif
