/* relu and its slope, in fp32: src/cpu/relu.c has the contract. A nan stays a nan. */
#ifndef CUDA_RELU_CUH
#define CUDA_RELU_CUH

static __device__ __forceinline__ float relu(float x)
{
    return x <= 0.0f ? 0.0f : x;
}

static __device__ __forceinline__ float relu_slope(float dout, float in)
{
    return in <= 0.0f ? 0.0f : dout;
}

#endif
