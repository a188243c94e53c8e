/* Ops that make a number of the result at a time: pictures lie as values do, an example a row, and in it
 * channel by channel (device.cuh).
 *
 * What is to be computed is a struct with a member that makes a number:
 *
 *     template <Format F> __device__ float number(int row, int col) const;
 */
#ifndef CUDA_PLACES_CUH
#define CUDA_PLACES_CUH

#include "map.cuh"

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
static __global__ void __launch_bounds__(THREADS)
    places_kernel(const __grid_constant__ Work work, const __grid_constant__ Chain chain)
{
    __shared__ Tally tallies[MOST_STAGES];
    __shared__ Mass warps[THREADS / WARP];
    Seen seen[MOST_STAGES];
    uint32_t cols = (uint32_t)chain.from.cols, count = (uint32_t)chain.from.rows * cols;

    chain_open(chain, tallies, seen);
    wait_for_previous();
    for (uint32_t at = blockIdx.x * THREADS + threadIdx.x; at < count; at += gridDim.x * THREADS) {
        int row = (int)(at / cols), col = (int)(at % cols);
        float v[1] = {work.template number<F>(row, col)};

        chain_pass<F, 1>(chain, v, row, col, seen);
    }
    chain_close(chain, tallies, seen, warps);
}

/* Starts the kernel of an instruction, and of what was fused behind it. */
template <class Work> static Status places_run(Plan *plan, int instr, const Work *work)
{
    Chain chain = chain_behind(plan, instr);
    void *arguments[] = {(void *)work, &chain};
    const void *kernel = plan->low == FORMAT_BF16 ? (const void *)places_kernel<FORMAT_BF16, Work>
                                                  : (const void *)places_kernel<FORMAT_FP16, Work>;

    return launch_early(plan, kernel,
                        plan_blocks(plan, (int64_t)chain.from.rows * chain.from.cols, 1), 0,
                        arguments, "an op on places started");
}

#endif
