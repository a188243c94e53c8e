/* tanh, and its slope from the stored output, each operation rounded to the format: src/cpu/tanh.c. */
#ifndef CUDA_TANH_CUH
#define CUDA_TANH_CUH

#include "device.cuh"

template <Format F> static __device__ __forceinline__ float tanh_slope(float dout, float out)
{
    return rounded<F>(1.0f - rounded<F>(out * out)) * dout;
}

#endif
