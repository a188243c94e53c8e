/* What an optimizer does to one thread's numbers of a tile, whichever kernel it happens in. */
#ifndef CUDA_STEP_CUH
#define CUDA_STEP_CUH

#include "adam.cuh"
#include "sgd.cuh"
#include "tile.cuh"

/* A thread's numbers of a parameter and its state. */
typedef struct Numbers {
    __align__(16) float weight[TILE_RUN];
    __align__(16) float state[2][TILE_RUN];
} Numbers;

static __device__ __forceinline__ bool is_whole(const Segment &s, const TilePlace &at)
{
    return at.count == TILE_RUN && s.grad.cols % 4 == 0;
}

static __device__ __forceinline__ void load_run(const float *from, const Segment &s,
                                                const TilePlace &at, float *to)
{
    const float *run = from + (int64_t)at.row * s.grad.cols + at.col;

    if (is_whole(s, at)) {
        *(float4 *)to = *(const float4 *)run;
        return;
    }
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        to[i] = i < at.count ? run[i] : 0.0f;
}

static __device__ __forceinline__ void store_run(float *to, const Segment &s, const TilePlace &at,
                                                 const float *from)
{
    float *run = to + (int64_t)at.row * s.grad.cols + at.col;

    if (is_whole(s, at)) {
        *(float4 *)run = *(const float4 *)from;
        return;
    }
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        if (i < at.count)
            run[i] = from[i];
}

template <OpKind OP>
static __device__ __forceinline__ void numbers_load(const Segment &s, const TilePlace &at,
                                                    Numbers *numbers)
{
    load_run(s.weight, s, at, numbers->weight);
    if (OP != OP_SGD)
        load_run(s.state[0], s, at, numbers->state[0]);
    if (OP == OP_ADAM)
        load_run(s.state[1], s, at, numbers->state[1]);
}

template <OpKind OP>
static __device__ __forceinline__ void numbers_store(const Segment &s, const TilePlace &at,
                                                     const Numbers *numbers)
{
    store_run(s.weight, s, at, numbers->weight);
    if (OP != OP_SGD)
        store_run(s.state[0], s, at, numbers->state[0]);
    if (OP == OP_ADAM)
        store_run(s.state[1], s, at, numbers->state[1]);
}

/* OP_ADAM stands for adamw too: its constants tell them apart. */
template <OpKind OP>
static __device__ __forceinline__ void numbers_move(const StepState &state, const float *grads,
                                                    Numbers *n)
{
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        if (OP == OP_SGD)
            sgd_number(state, grads[i], &n->weight[i]);
        else if (OP == OP_MOMENTUM)
            momentum_number(state, grads[i], &n->weight[i], &n->state[0][i]);
        else
            adam_number(state, grads[i], &n->weight[i], &n->state[0][i], &n->state[1][i]);
    }
}

/* The low copies of a thread's new weights, counted where that is wanted. */
template <Format F>
static __device__ __forceinline__ void numbers_copy(const Segment &s, const TilePlace &at,
                                                    Numbers *n, Seen *seen)
{
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        if (i < at.count && s.copy_counter.tally != NULL)
            count_value(s.copy_counter.edges, seen, n->weight[i]);
    run_store<F>(s.copy, at, n->weight);
}

/* After a skip the copies stay, and so do their counts, into the next step's. All blocks. */
static __device__ __forceinline__ void copy_counts_stay(const Segment *segments, const StepEnd &end,
                                                        int next)
{
    int at = blockIdx.x * THREADS + threadIdx.x, all = gridDim.x * THREADS;

    for (int s = 0; s < end.segment_count; s++) {
        const Counter &counter = segments[s].copy_counter;
        const uint32_t *from;
        uint32_t *to;

        if (counter.tally == NULL)
            continue;
        from = (const uint32_t *)counter_tally(counter, next ^ 1);
        to = (uint32_t *)counter_tally(counter, next);
        for (int i = at; i < TALLY_WORDS; i += all)
            to[i] = from[i];
        for (int i = at; i < end.mass_slots; i += all)
            counter.mass[next * counter.masses + i] = counter.mass[(next ^ 1) * counter.masses + i];
    }
}

#endif
