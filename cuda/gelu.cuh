/* gelu and its slope, in fp32: src/cpu/gelu.c has the formula and its source. */
#ifndef CUDA_GELU_CUH
#define CUDA_GELU_CUH

static __device__ __forceinline__ float gelu(float x)
{
    return x * 0.5f * (1.0f + erff(x * 0.70710678118654752f));
}

static __device__ __forceinline__ float gelu_slope(float dout, float x)
{
    float below = 0.5f * (1.0f + erff(x * 0.70710678118654752f));
    float density = expf(-0.5f * x * x) * 0.39894228040143268f;

    return dout * (below + x * density);
}

#endif
