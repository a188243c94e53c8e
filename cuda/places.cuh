/* Ops that work on places, a number of the result at a time: pictures lie as values do, an example a row,
 * and in it channel by channel (device.cuh).
 *
 * What is to be computed is a struct with `out`, `counter`, `state` and a member that makes a number:
 *
 *     template <Format F> __device__ float number(int row, int col) const;
 */
#ifndef CUDA_PLACES_CUH
#define CUDA_PLACES_CUH

#include "count.cuh"
#include "plan.h"

/* A picture of one channel. */
typedef struct Plane {
    int height, width;
} Plane;

/* Where a column of an example lies. */
typedef struct Position {
    int channel, y, x;
} Position;

static __device__ __forceinline__ Position position_of(const Plane &plane, int col)
{
    int in_plane = col % (plane.height * plane.width);

    return {col / (plane.height * plane.width), in_plane / plane.width, in_plane % plane.width};
}

static __device__ __forceinline__ int column_of(const Plane &plane, int channel, int y, int x)
{
    return (channel * plane.height + y) * plane.width + x;
}

/* Of a value (n, channels, height, width). */
static inline Plane plane_of(const Value *value)
{
    return {(int)value->shape[2], (int)value->shape[3]};
}

template <Format F, class Work>
static __global__ void __launch_bounds__(THREADS) places_kernel(const __grid_constant__ Work work)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    Seen seen;
    uint32_t cols = (uint32_t)work.out.cols, count = (uint32_t)work.out.rows * cols;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (uint32_t at = blockIdx.x * THREADS + threadIdx.x; at < count; at += gridDim.x * THREADS) {
        int row = (int)(at / cols), col = (int)(at % cols);
        float x = work.template number<F>(row, col);

        if (work.counter.tally != NULL)
            count_value(work.counter.edges, &seen, x);
        store_at<F>(work.out, row, col, x);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

/* Fills in where the result of an instruction goes, and starts its kernel. */
template <class Work> static Status places_run(Plan *plan, int instr, Work *work)
{
    cudaStream_t stream = plan->backend->stream;
    int blocks;

    work->out = plan->arrays[(size_t)plan->program.instrs[instr].out];
    work->counter = plan_counter(plan, instr);
    work->state = plan->state;
    blocks = plan_blocks(plan, (int64_t)work->out.rows * work->out.cols, 1);
    if (plan->low == FORMAT_BF16)
        places_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(*work);
    else
        places_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(*work);
    return cuda_launched(plan->backend, "an op on places started");
}

#endif
