/* sgd and momentum for one number: src/cpu/sgd.c has the formula and its source. */
#ifndef CUDA_SGD_CUH
#define CUDA_SGD_CUH

#include "device.cuh"

static __device__ __forceinline__ float sgd_grad(const StepState &a, float grad, float w)
{
    float g = grad * a.inverse;

    return a.decay == 0.0f ? g : g + a.decay * w; /* 0 times inf would be nan */
}

static __device__ __forceinline__ void sgd_number(const StepState &a, float grad, float *w)
{
    *w = *w - a.lr * sgd_grad(a, grad, *w);
}

static __device__ __forceinline__ void momentum_number(const StepState &a, float grad, float *w,
                                                       float *m)
{
    *m = a.momentum * *m + sgd_grad(a, grad, *w);
    *w = *w - a.lr * *m;
}

#endif
