/* A thread's numbers of the tile after the present one, on their way into its own place in shared memory
 * while it computes: nobody else reads that place, so no barrier is needed, and no register waits.
 */
#ifndef CUDA_FETCH_CUH
#define CUDA_FETCH_CUH

#include "step.cuh"

#include <cuda_pipeline.h>

/* A block's places for one tile: weights, state, gradients. */
typedef struct Places {
    float4 numbers[4][THREADS];
} Places;

enum { PLACE_GRADS = 3, PLACES = 2 /* the present tile's, the next one's */ };

static __device__ __forceinline__ float *place_of(Places *places, int which)
{
    return (float *)&places->numbers[which][threadIdx.x];
}

static __device__ __forceinline__ void fetch_run(const float *run, bool whole, int count, float *to)
{
    if (whole) {
        __pipeline_memcpy_async(to, run, sizeof(float4));
        return;
    }
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        to[i] = i < count ? run[i] : 0.0f;
}

/* They do not wait for the gradients. */
template <OpKind OP>
static __device__ __forceinline__ void numbers_fetch(const Segment &s, const TilePlace &at,
                                                     Places *places)
{
    int64_t from = (int64_t)at.row * s.grad.cols + at.col;
    bool whole = is_whole(s, at);

    if (at.count == 0)
        return;
    fetch_run(s.weight + from, whole, at.count, place_of(places, 0));
    if (OP != OP_SGD)
        fetch_run(s.state[0] + from, whole, at.count, place_of(places, 1));
    if (OP == OP_ADAM)
        fetch_run(s.state[1] + from, whole, at.count, place_of(places, 2));
}

static __device__ __forceinline__ void grads_fetch(const Array &grad, const TilePlace &at,
                                                   Places *places)
{
    int64_t from = (int64_t)at.row * grad.stride + at.col;

    if (at.count == 0)
        return;
    if (is_narrow(grad))
        __pipeline_memcpy_async(place_of(places, PLACE_GRADS), (const uint16_t *)grad.data + from,
                                sizeof(uint2));
    else
        fetch_run((const float *)grad.data + from, at.count == TILE_RUN && grad.stride % 4 == 0,
                  at.count, place_of(places, PLACE_GRADS));
}

/* After __pipeline_wait_prior. */
template <OpKind OP, Format F>
static __device__ __forceinline__ void numbers_take(const Array &grad, Places *places,
                                                    Numbers *numbers, float *grads)
{
    float4 bits = *(const float4 *)place_of(places, PLACE_GRADS);

    *(float4 *)numbers->weight = *(const float4 *)place_of(places, 0);
    if (OP != OP_SGD)
        *(float4 *)numbers->state[0] = *(const float4 *)place_of(places, 1);
    if (OP == OP_ADAM)
        *(float4 *)numbers->state[1] = *(const float4 *)place_of(places, 2);
    if (!is_narrow(grad)) {
        *(float4 *)grads = bits;
        return;
    }
    grads[0] = widen_bits<F>(__float_as_uint(bits.x) & 0xFFFFu);
    grads[1] = widen_bits<F>(__float_as_uint(bits.x) >> 16);
    grads[2] = widen_bits<F>(__float_as_uint(bits.y) & 0xFFFFu);
    grads[3] = widen_bits<F>(__float_as_uint(bits.y) >> 16);
}

#endif
