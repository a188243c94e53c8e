/* adam and adamw for one number: src/cpu/adam.c has the formula and its source. */
#ifndef CUDA_ADAM_CUH
#define CUDA_ADAM_CUH

#include "device.cuh"

/* Square root and quotient of weights that never had a gradient are zero and take their slow ways, unless
 * another number takes the place of the zero: the same bits, in a fraction of the time. */
static __device__ __forceinline__ float root(float x)
{
    float y = sqrtf(x == 0.0f ? 1.0f : x);

    return x == 0.0f ? x : y;
}

/* y > 0, or nan */
static __device__ __forceinline__ float quotient(float x, float y)
{
    bool zero = x == 0.0f && !isnan(y);
    float z = (zero ? 1.0f : x) / (zero ? 1.0f : y);

    return zero ? x : z;
}

/* x / y for a y that stays, whose rounded inverse is at hand: what is left is taken off twice, which
 * rounds as the quotient does (Markstein 1990), where nothing on the way is subnormal: for x below 2^60,
 * nothing but zero below 2^-75, and y between 2^-40 and 1. */
static __device__ __forceinline__ float quotient_by(float x, float y, float inverse)
{
    if (__float_as_uint(x) >= 0x5D800000u || inverse == 0.0f)
        return quotient(x, y);
    float q = x * inverse;

    q = fmaf(fmaf(-q, y, x), inverse, q);
    return fmaf(fmaf(-q, y, x), inverse, q);
}

static __device__ __forceinline__ void adam_number(const StepState &a, float grad, float *w,
                                                   float *m, float *v)
{
    float kept = *w * a.keep;
    float g = grad * a.inverse;

    g = a.decay == 0.0f ? g : g + a.decay * kept; /* 0 times inf would be nan */
    *m = a.new1 < 0.5f ? *m + a.new1 * (g - *m) : g - (g - *m) * (1.0f - a.new1);
    *v = *v * a.keep2 + a.new2 * g * g;
    *w = kept - quotient(a.step_size * *m,
                         quotient_by(root(*v), a.root_correction, a.root_inverse) + a.eps);
}

#endif
