/* Counting what casts do: a histogram a block in shared memory, added to the plan's once per block.
 *
 * Counts are integers, so their order does not matter. The magnitudes are double sums in a fixed
 * order: each thread's own values, then lanes, then warps; a slot for each block.
 */
#ifndef CUDA_COUNT_CUH
#define CUDA_COUNT_CUH

#include "device.cuh"

#include <stddef.h>

/* What one thread saw, apart from what went into the block's Tally. */
typedef struct Seen {
    uint32_t at; /* the Tally's address in shared memory */
    uint32_t zero, amax, amin;
    double mass, lost;
} Seen;

/* Whole warps. The address comes from another lane, so that the compiler keeps it in a register: it
 * would find it anew for every value, which takes longer than all the rest. */
static __device__ __forceinline__ void seen_begin(Seen *seen, const Tally *tally)
{
    uint32_t at = (uint32_t)__cvta_generic_to_shared(tally);

    *seen = {__shfl_sync(0xFFFFFFFFu, at, 0), 0, 0, 0, 0.0, 0.0};
}

static __device__ __forceinline__ void count_one(uint32_t at)
{
    asm volatile("red.shared.add.u32 [%0], 1;" ::"r"(at));
}

#define TALLY_AT(seen, field) ((seen)->at + (uint32_t)offsetof(Tally, field))

enum { LEAST_NORMAL = 0x00800000, INFINITE = 0x7F800000 }; /* patterns in fp32 */

/* Of a normal |x|: conversions to double are slow, and this is one but for its speed. */
static __device__ __forceinline__ double normal_size(uint32_t magnitude)
{
    return __hiloint2double((int)((magnitude >> 3) + 0x38000000u), (int)(magnitude << 29));
}

/* Most values are normal in fp32 and do not overflow; all others take one way aside. */
static __device__ __forceinline__ void count_value(const CountEdges &edges, Seen *seen, float x)
{
    uint32_t magnitude = __float_as_uint(x) & 0x7FFFFFFFu, bin = (magnitude >> 23) + 22;
    double size = normal_size(magnitude);

    if (magnitude - LEAST_NORMAL >= edges.overflow_from - LEAST_NORMAL) {
        if (magnitude == 0) {
            seen->zero++;
            return;
        }
        if (magnitude >= INFINITE) {
            count_one(magnitude > INFINITE ? TALLY_AT(seen, nan) : TALLY_AT(seen, inf));
            return;
        }
        if (magnitude < LEAST_NORMAL) {
            bin = 31 - __clz(magnitude);
            size = fabsf(x);
        } else if (magnitude < edges.max_bin_end) {
            count_one(TALLY_AT(seen, over));
        }
    }
    count_one(TALLY_AT(seen, histogram) + bin * 4);
    if (magnitude == edges.zero_upto)
        count_one(TALLY_AT(seen, tie));
    if (magnitude - edges.normal_from < edges.min_normal - edges.normal_from)
        count_one(TALLY_AT(seen, up));
    seen->amax = max(seen->amax, magnitude);
    seen->amin = max(seen->amin, ~magnitude);
    seen->mass += size;
    if (magnitude <= edges.zero_upto)
        seen->lost += size;
}

/* Of four numbers that are normal: those that underflow. */
static __device__ __forceinline__ void lost_four(const CountEdges &edges, Seen *seen,
                                                 const uint32_t *size)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (size[i] <= edges.zero_upto)
            seen->lost += normal_size(size[i]);
        if (size[i] == edges.zero_upto)
            count_one(TALLY_AT(seen, tie));
    }
}

/* Four neighbours: where all are as most values are, in less than half the time; the same counts. */
static __device__ __forceinline__ void count_four(const CountEdges &edges, Seen *seen,
                                                  const float *values)
{
    uint32_t size[4], least = 0xFFFFFFFFu, most = 0, usual = 0, rare = 0xFFFFFFFFu;

#pragma unroll
    for (int i = 0; i < 4; i++) {
        size[i] = __float_as_uint(values[i]) & 0x7FFFFFFFu;
        least = min(least, size[i]);
        most = max(most, size[i]);
        usual = max(usual, size[i] - LEAST_NORMAL);
        rare = min(rare, size[i] - edges.normal_from);
    }
    if (most == 0) {
        seen->zero += 4;
        return;
    }
    if (usual >= edges.overflow_from - LEAST_NORMAL ||
        rare < edges.min_normal - edges.normal_from) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            count_value(edges, seen, values[i]);
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        count_one(TALLY_AT(seen, histogram) + 22 * 4 + (size[i] >> 23) * 4);
        seen->mass += normal_size(size[i]);
    }
    seen->amax = max(seen->amax, most);
    seen->amin = max(seen->amin, ~least);
    if (least <= edges.zero_upto)
        lost_four(edges, seen, size);
}

static __device__ __forceinline__ double warp_sum(double value)
{
    for (int offset = WARP / 2; offset > 0; offset /= 2)
        value += __shfl_down_sync(0xFFFFFFFFu, value, offset);
    return value;
}

static __device__ __forceinline__ uint32_t warp_total(uint32_t value)
{
#if __CUDA_ARCH__ >= 800
    return __reduce_add_sync(0xFFFFFFFFu, value);
#else
    for (int offset = WARP / 2; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    return value;
#endif
}

static __device__ __forceinline__ uint32_t warp_most(uint32_t value)
{
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(0xFFFFFFFFu, value);
#else
    for (int offset = WARP / 2; offset > 0; offset /= 2)
        value = max(value, __shfl_xor_sync(0xFFFFFFFFu, value, offset));
    return value;
#endif
}

/* Whole warps: what their threads saw joins the block's Tally; the masses come back in lane 0. */
static __device__ __forceinline__ Mass seen_join(Seen *seen, Tally *tally)
{
    uint32_t zero = warp_total(seen->zero);
    uint32_t amax = warp_most(seen->amax);
    uint32_t amin = warp_most(seen->amin);
    Mass mass = {warp_sum(seen->mass), 0.0};

    if (__any_sync(0xFFFFFFFFu, seen->lost != 0.0))
        mass.lost = warp_sum(seen->lost);
    if (threadIdx.x % WARP == 0) {
        atomicAdd(&tally->zero, zero);
        atomicMax(&tally->amax, amax);
        atomicMax(&tally->amin, amin);
    }
    return mass;
}

/* All threads of a block, one after the other barrier. */
static __device__ __forceinline__ void tally_clear(Tally *tally)
{
    for (int i = threadIdx.x; i < TALLY_WORDS; i += blockDim.x)
        ((uint32_t *)tally)[i] = 0;
}

/* Adds a block's Tally to the plan's. After a barrier. */
static __device__ __forceinline__ void tally_flush(const Tally *tally, Tally *total)
{
    const uint32_t *from = (const uint32_t *)tally;
    uint32_t *to = (uint32_t *)total;

    for (int i = threadIdx.x; i < TALLY_WORDS; i += blockDim.x) {
        if (from[i] == 0)
            continue;
        if (i < TALLY_SUMS)
            atomicAdd(&to[i], from[i]);
        else
            atomicMax(&to[i], from[i]);
    }
}

static __device__ __forceinline__ Tally *counter_tally(const Counter &counter, int parity)
{
    return counter.tally + parity * counter.tallies;
}

/* A block may come to a store more than once; its slot was cleared when the step began. */
static __device__ __forceinline__ void mass_add(Mass *sum, const Mass &more)
{
    sum->all += more.all;
    sum->lost += more.lost;
}

/* The end of a block that counted one store: everything into the plan's. */
static __device__ __forceinline__ void counter_finish(const Counter &counter, int parity,
                                                      Seen *seen, Tally *tally, Mass *warps)
{
    Mass mass = seen_join(seen, tally);

    if (threadIdx.x % WARP == 0)
        warps[threadIdx.x / WARP] = mass;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 1; i < (int)blockDim.x / WARP; i++)
            mass_add(&mass, warps[i]);
        mass_add(&counter.mass[parity * counter.masses + blockIdx.x], mass);
    }
    tally_flush(tally, counter_tally(counter, parity));
    __syncthreads();
}

#endif
