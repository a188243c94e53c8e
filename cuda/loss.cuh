/* Rows of logits, a warp each: what log_softmax, nll and their gradients share with the fused loss. */
#ifndef CUDA_LOSS_CUH
#define CUDA_LOSS_CUH

#include "tile.cuh"

#ifdef __CUDACC__

static __device__ __forceinline__ float warp_sum_all(float value)
{
    for (int offset = WARP / 2; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    return value;
}

/* A nan is the largest of all: it must reach every number of its row. */
static __device__ __forceinline__ float warp_largest(float value)
{
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        float other = __shfl_xor_sync(0xFFFFFFFFu, value, offset);

        value = other > value || isnan(other) ? other : value;
    }
    return value;
}

/* max and log(sum exp(x - max)) of a row of numbers that `number` gives by column. */
template <class Number>
static __device__ __forceinline__ void row_log_sum(int cols, Number number, float *most,
                                                   float *log_sum)
{
    int lane = threadIdx.x % WARP;
    float largest = -INFINITY, sum = 0.0f;

    for (int col = lane; col < cols; col += WARP) {
        float x = number(col);

        largest = x > largest || isnan(x) ? x : largest;
    }
    *most = warp_largest(largest);
    for (int col = lane; col < cols; col += WARP)
        sum += expf(number(col) - *most);
    *log_sum = logf(warp_sum_all(sum));
}

static __device__ __forceinline__ float nll_gradient(const Scalars *scalars, int rows)
{
    return -(scalars->scale * scalars->loss_weight) / (float)rows;
}

/* One block: the mean of `count` slots, each a sum, over `numbers` numbers; in a fixed order. */
static __device__ __forceinline__ float slots_mean(const float *slots, int count, double numbers,
                                                   double *warps)
{
    double sum = 0.0;

    for (int i = threadIdx.x; i < count; i += THREADS)
        sum += (double)slots[i];
    return (float)(block_sum(sum, warps) / numbers);
}

static __device__ __forceinline__ float scaled_loss(const Scalars *scalars, float loss)
{
    return loss * scalars->loss_weight * scalars->scale;
}

/* One block: the mean loss of the step from its rows, also where the program keeps it; thread 0's. */
static __device__ __forceinline__ float loss_finish(const StepEnd &end, const Scalars &scalars,
                                                    double *warps)
{
    float mean = slots_mean(end.loss_slots, (int)end.loss_rows, (double)end.loss_rows, warps);

    if (threadIdx.x == 0) {
        *end.loss = end.state->loss = mean;
        *end.scaled = scaled_loss(&scalars, mean);
    }
    return mean;
}

#endif
#endif
