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

/* Divides numbers below 2^31 by one that a kernel is told, in a tenth of the time: multiplied by a reciprocal
 * that is a little too large. (Granlund and Montgomery 1994, section 4.) */
typedef struct Divider {
    uint32_t by, reciprocal, shift;
} Divider;

static inline Divider divider_of(int64_t by)
{
    Divider divider = {(uint32_t)by, 0, 0};

    while (divider.shift < 31 && (uint64_t)1 << divider.shift < (uint64_t)by)
        divider.shift++;
    divider.reciprocal = (uint32_t)((((uint64_t)1 << divider.shift) - (uint64_t)by) *
                                        ((uint64_t)1 << 32) / (uint64_t)by +
                                    1);
    return divider;
}

static __device__ __forceinline__ int quotient(const Divider &divider, int number)
{
    return (int)((__umulhi((uint32_t)number, divider.reciprocal) + (uint32_t)number) >>
                 divider.shift);
}

static __device__ __forceinline__ int remainder(const Divider &divider, int number, int quotient)
{
    return number - quotient * (int)divider.by;
}

/* A picture of one channel. */
typedef struct Plane {
    int height, width;
    Divider by_area, by_width;
} Plane;

/* Where a column of an example lies. */
typedef struct Position {
    int channel, y, x;
} Position;

static __device__ __forceinline__ Position position_of(const Plane &plane, int col)
{
    int channel = quotient(plane.by_area, col), at = remainder(plane.by_area, col, channel);
    int y = quotient(plane.by_width, at);

    return {channel, y, remainder(plane.by_width, at, y)};
}

static __device__ __forceinline__ int column_of(const Plane &plane, int channel, int y, int x)
{
    return (channel * plane.height + y) * plane.width + x;
}

static inline Plane plane_sized(int64_t height, int64_t width)
{
    return {(int)height, (int)width, divider_of(height * width), divider_of(width)};
}

/* Of a value (n, channels, height, width). */
static inline Plane plane_of(const Value *value)
{
    return plane_sized(value->shape[2], value->shape[3]);
}

template <Format F, int WIDTH, class Work>
static __global__ void __launch_bounds__(THREADS)
    places_kernel(const __grid_constant__ Work work, const __grid_constant__ Chain chain,
                  const Divider across)
{
    __shared__ Tally tallies[MOST_STAGES];
    __shared__ Mass warps[THREADS / WARP];
    Seen seen[MOST_STAGES];
    int count = chain.from.rows * (int)across.by;

    chain_open(chain, tallies, seen);
    wait_for_previous();
    for (int at = (int)(blockIdx.x * THREADS + threadIdx.x); at < count;
         at += (int)gridDim.x * THREADS) {
        int row = quotient(across, at), col = remainder(across, at, row) * WIDTH;
        float v[WIDTH];

#pragma unroll
        for (int i = 0; i < WIDTH; i++)
            v[i] = work.template number<F>(row, col + i);
        chain_pass<F, WIDTH>(chain, v, row, col, seen);
    }
    chain_close(chain, tallies, seen, warps);
}

template <Format F, class Work> static const void *places_kernel_of(int width)
{
    return width == 4 ? (const void *)places_kernel<F, 4, Work>
                      : (const void *)places_kernel<F, 1, Work>;
}

/* Starts the kernel of an instruction, and of what was fused behind it. */
template <class Work> static Status places_run(Plan *plan, int instr, const Work *work)
{
    Chain chain = chain_behind(plan, instr);
    int64_t count = (int64_t)chain.from.rows * chain.from.cols;
    bool few = count < (int64_t)plan->backend->multiprocessors * THREADS * 4;
    int width = chain.from.cols % 4 == 0 && !few ? 4 : 1;
    Divider across = divider_of(chain.from.cols / width);
    void *arguments[] = {(void *)work, &chain, &across};
    const void *kernel = plan->low == FORMAT_BF16   ? places_kernel_of<FORMAT_BF16, Work>(width)
                         : plan->low == FORMAT_TF32 ? places_kernel_of<FORMAT_TF32, Work>(width)
                                                    : places_kernel_of<FORMAT_FP16, Work>(width);

    return launch_early(plan, kernel, plan_blocks(plan, count, width), 0, arguments,
                        "an op on places started");
}

#endif
