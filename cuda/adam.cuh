/* adam and adamw for one number: src/cpu/adam.c has the formula and its source. */
#ifndef CUDA_ADAM_CUH
#define CUDA_ADAM_CUH

#include "device.cuh"

static __device__ __forceinline__ void adam_number(const StepState &a, float grad, float *w,
                                                   float *m, float *v)
{
    float kept = *w * a.keep;
    float g = grad * a.inverse;

    g = a.decay == 0.0f ? g : g + a.decay * kept; /* 0 times inf would be nan */
    *m = a.new1 < 0.5f ? *m + a.new1 * (g - *m) : g - (g - *m) * (1.0f - a.new1);
    *v = *v * a.keep2 + a.new2 * g * g;
    *w = kept - a.step_size * *m / (sqrtf(*v) / a.root_correction + a.eps);
}

#endif
