/* What kernels share: structures in device memory, and how a number is loaded, rounded and stored.
 *
 * Rounding is cpu's to the bit (numerics/round.h), nan included. Sums of squares and the optimizer
 * walk every parameter in tiles of TILE_ROWS x TILE_COLS, whatever kernel does it, so that the order
 * of a sum does not depend on what was fused.
 */
#ifndef CUDA_DEVICE_CUH
#define CUDA_DEVICE_CUH

#include "program/backend.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

enum {
    THREADS = 256, /* of a block, in nearly every kernel */
    WARP = 32,
    TILE_ROWS = 16,
    TILE_COLS = 64,
    TILE_RUN = TILE_ROWS * TILE_COLS / THREADS, /* neighbours in a row that one thread takes */
    OUTCOME_WORDS = 16,
    OUTCOME_SLOTS = 4096,
};

/* A value in device memory: rows of `cols` numbers, `stride` apart. What lies between is zero. */
typedef struct Array {
    void *data;
    Format format;
    int rows, cols, stride;
} Array;

/* What one counted store saw in one step; zeros are a fresh one. The classes follow from the bins and
 * from three rare counters of values within the edge bins. */
typedef struct Tally {
    uint32_t histogram[EXPONENT_BINS];
    uint32_t nan, inf, zero;
    uint32_t tie;  /* |x| is zero_upto itself: it underflows, though its bin does not */
    uint32_t up;   /* rounds up to the smallest normal */
    uint32_t over; /* overflows within the bin of the largest finite value */
    uint32_t amax; /* pattern of the largest finite |x| */
    uint32_t amin; /* complement of the pattern of the smallest but zero */
} Tally;

enum { TALLY_SUMS = EXPONENT_BINS + 6, TALLY_WORDS = TALLY_SUMS + 2 };

typedef struct Mass {
    double all, lost;
} Mass;

/* The edges of a format as patterns of magnitudes. */
typedef struct CountEdges {
    uint32_t zero_upto, normal_from, min_normal, overflow_from, max_bin_end;
    int zero_bin, normal_bin,
        overflow_bin; /* first bin that keeps something, is normal, overflows */
} CountEdges;

/* Where the counts of an instruction go. */
typedef struct Counter {
    Tally *tally;    /* of the two parities, `tallies` apart; NULL: not counted */
    Mass *mass;      /* a slot for each block of the kernel that counts, likewise */
    int64_t tallies; /* from one parity to the other */
    int64_t masses;
    CountEdges edges;
} Counter;

/* The present step of a plan, on the device. */
typedef struct StepState {
    int parity;     /* of the counts that this step fills */
    int next;       /* of those that the next one fills */
    int found;      /* lowest segment whose gradient has inf or nan; else NOT_FOUND: skip */
    int overlooked; /* the same where such a step is taken all the same */
    unsigned arrived, released; /* grid barrier */
    uint32_t outcomes;          /* posted so far: what tags them */
    float loss;
    double loss_sum; /* of the rounds before this one */
    float inverse; /* of the scale that this step's gradients carry; 1 where they are left scaled */
    float clip_coef; /* where clip_norm is among the instructions */
    float keep, decay, new1, keep2, new2, step_size, root_correction, eps, lr, momentum;
    float root_inverse; /* of root_correction; 0: it is too small for quotient_by */
} StepState;

enum { NOT_FOUND = 0x7FFFFFFF };

/* A parameter and all that belongs to it. */
typedef struct alignas(16) Segment {
    float *weight, *state[2];
    const float *raw; /* its gradient as it was summed, fp32; in some parts, to be added in order */
    int raw_stride, parts;
    Array grad; /* rounded; may be `raw` itself */
    Array copy; /* in the low format; data NULL: none */
    Counter grad_counter, copy_counter;
    int first_tile, tiles, tiles_across;
    ValueId grad_id;
} Segment;

enum { MOST_SEGMENTS = 64 }; /* of a fused step */

#ifdef __CUDACC__

/* A description that a kernel works from, out of device memory into a block's own: all threads at once,
 * which is one wait, where a kernel's arguments come line by line. Ends with a barrier. */
static __device__ __forceinline__ void fetch_plan(void *to, const void *from, int bytes)
{
    for (int i = threadIdx.x; i < bytes / 16; i += blockDim.x)
        ((uint4 *)to)[i] = __ldg((const uint4 *)from + i);
    __syncthreads();
}

/* A kernel launched early (launch_early) may begin when all blocks of the one before it have come to
 * let_next_start; what that one writes is there after wait_for_previous. */
static __device__ __forceinline__ void let_next_start(void)
{
#    if __CUDA_ARCH__ >= 900
    cudaTriggerProgrammaticLaunchCompletion();
#    endif
}

static __device__ __forceinline__ void wait_for_previous(void)
{
#    if __CUDA_ARCH__ >= 900
    cudaGridDependencySynchronize();
#    endif
}

template <Format F> struct Stored {
    typedef float Type;
};
template <> struct Stored<FORMAT_FP16> {
    typedef uint16_t Type;
};
template <> struct Stored<FORMAT_BF16> {
    typedef uint16_t Type;
};

template <Format F> static __device__ __forceinline__ typename Stored<F>::Type round_bits(float x)
{
    return x;
}

template <> __device__ __forceinline__ float round_bits<FORMAT_TF32>(float x)
{
    uint32_t bits = __float_as_uint(x), magnitude = bits & 0x7FFFFFFFu;
    uint32_t rounded = (magnitude + 0xFFFu + ((magnitude >> 13) & 1)) & ~0x1FFFu;

    rounded = magnitude > 0x7F800000u ? 0x7FC00000u : rounded;
    return __uint_as_float(rounded | (bits & 0x80000000u));
}

template <> __device__ __forceinline__ uint16_t round_bits<FORMAT_FP16>(float x)
{
    uint16_t sign = (uint16_t)((__float_as_uint(x) >> 16) & 0x8000u);

    return isnan(x) ? sign | 0x7E00u : __half_as_ushort(__float2half_rn(x));
}

template <> __device__ __forceinline__ uint16_t round_bits<FORMAT_BF16>(float x)
{
    uint16_t sign = (uint16_t)((__float_as_uint(x) >> 16) & 0x8000u);

    return isnan(x) ? sign | 0x7FC0u : __bfloat16_as_ushort(__float2bfloat16_rn(x));
}

template <Format F> static __device__ __forceinline__ float widen(typename Stored<F>::Type stored)
{
    return stored;
}

template <> __device__ __forceinline__ float widen<FORMAT_FP16>(uint16_t stored)
{
    return __half2float(__ushort_as_half(stored));
}

template <> __device__ __forceinline__ float widen<FORMAT_BF16>(uint16_t stored)
{
    return __uint_as_float((uint32_t)stored << 16);
}

template <Format F> static __device__ __forceinline__ float rounded(float x)
{
    return widen<F>(round_bits<F>(x));
}

/* The same where F is not known to be narrow; only called where it is. */
template <Format F> static __device__ __forceinline__ float widen_bits(uint32_t bits)
{
    return F == FORMAT_BF16 ? __uint_as_float(bits << 16)
                            : __half2float(__ushort_as_half((uint16_t)bits));
}

template <Format F> static __device__ __forceinline__ uint32_t narrow_bits(float x)
{
    return F == FORMAT_BF16 ? round_bits<FORMAT_BF16>(x) : round_bits<FORMAT_FP16>(x);
}

/* Two at once; a nan has one pattern of its own here. */
template <Format F> static __device__ __forceinline__ uint32_t pack(float low, float high)
{
#    if __CUDA_ARCH__ >= 800
    uint32_t bits;

    if (F == FORMAT_BF16)
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    else
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
#    else
    return narrow_bits<F>(low) | narrow_bits<F>(high) << 16;
#    endif
}

/* Of an array whose format is F, or fp32. */
template <Format F>
static __device__ __forceinline__ float load_at(const Array &array, int row, int col)
{
    int64_t at = (int64_t)row * array.stride + col;

    if (array.format == FORMAT_FP16 || array.format == FORMAT_BF16)
        return widen<F>(((const typename Stored<F>::Type *)array.data)[at]);
    return ((const float *)array.data)[at];
}

/* Rounds to the array's format, F or fp32, stores, and hands back what was stored. */
template <Format F>
static __device__ __forceinline__ float store_at(const Array &array, int row, int col, float x)
{
    int64_t at = (int64_t)row * array.stride + col;

    if (array.format == FORMAT_FP32) {
        ((float *)array.data)[at] = x;
        return x;
    }
    typename Stored<F>::Type bits = round_bits<F>(x);

    ((typename Stored<F>::Type *)array.data)[at] = bits;
    return widen<F>(bits);
}

static __device__ __forceinline__ bool is_narrow(const Array &array)
{
    return array.format == FORMAT_FP16 || array.format == FORMAT_BF16;
}

/* WIDTH neighbours of a row at once, as they are stored: 4 where columns and stride are multiples of it. They
 * are read past the cache of writes: no kernel reads what it has written itself, but for its own number in
 * place. Several loads are on their way together only as long as nothing is done with what they bring. */
template <int WIDTH>
static __device__ __forceinline__ void load_bits(const Array &array, int row, int col,
                                                 uint32_t (&bits)[WIDTH])
{
    int64_t at = (int64_t)row * array.stride + col;
    bool narrow = is_narrow(array);

    if (WIDTH == 1) {
        bits[0] = narrow ? ((const uint16_t *)array.data)[at] : ((const uint32_t *)array.data)[at];
    } else if (narrow) {
        uint2 all = __ldg((const uint2 *)((const uint16_t *)array.data + at));

        bits[0] = all.x;
        bits[1] = all.y;
    } else {
        uint4 all = __ldg((const uint4 *)((const uint32_t *)array.data + at));

        bits[0] = all.x;
        bits[1] = all.y;
        bits[2] = all.z;
        bits[3] = all.w;
    }
}

/* The numbers that load_bits brought from this array. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void numbers_of(const Array &array, const uint32_t (&bits)[WIDTH],
                                                  float (&v)[WIDTH])
{
    bool narrow = is_narrow(array);

#    pragma unroll
    for (int i = 0; i < WIDTH; i++)
        v[i] = narrow ? widen_bits<F>(WIDTH == 1 ? bits[0] : bits[i / 2] >> i % 2 * 16 & 0xFFFFu)
                      : __uint_as_float(bits[i]);
}

template <Format F, int WIDTH>
static __device__ __forceinline__ void load_some(const Array &array, int row, int col,
                                                 float (&v)[WIDTH])
{
    uint32_t bits[WIDTH] = {};

    load_bits<WIDTH>(array, row, col, bits);
    numbers_of<F, WIDTH>(array, bits, v);
}

/* Rounds, stores, and leaves in `v` what was stored. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void store_some(const Array &array, int row, int col,
                                                  float (&v)[WIDTH])
{
    int64_t at = (int64_t)row * array.stride + col;

    if (WIDTH == 1) {
        v[0] = store_at<F>(array, row, col, v[0]);
    } else if (is_narrow(array)) {
        uint32_t bits[WIDTH];

#    pragma unroll
        for (int i = 0; i < WIDTH; i++) {
            bits[i] = narrow_bits<F>(v[i]);
            v[i] = widen_bits<F>(bits[i]);
        }
        *(uint2 *)((uint16_t *)array.data + at) =
            make_uint2(bits[0] | bits[1] << 16, bits[2] | bits[3] << 16);
    } else {
#    pragma unroll
        for (int i = 0; i < WIDTH; i++)
            v[i] = array.format == FORMAT_FP32 ? v[i] : rounded<F>(v[i]);
        *(float4 *)((float *)array.data + at) = make_float4(v[0], v[1], v[2], v[3]);
    }
}

/* Which of the training examples (or held-out ones) row `row` of this step's batch is. */
typedef struct Examples {
    const int32_t *orders[2];
    int64_t train_count, test_count;
    int64_t first; /* of this round, behind the step's first */
    bool held_out;
} Examples;

static __device__ __forceinline__ int64_t example_of(const Examples &from, const Scalars *scalars,
                                                     int row)
{
    int64_t place = (from.held_out ? scalars->test_position : scalars->position) + from.first + row;

    if (from.held_out)
        return from.train_count + (place < from.test_count ? place : from.test_count - 1);
    if (place >> 32 == 0) { /* division of 64 bits takes long */
        uint32_t at = (uint32_t)place, count = (uint32_t)from.train_count;

        return from.orders[at / count & 1][at % count];
    }
    return from.orders[(place / from.train_count) & 1][place % from.train_count];
}

#endif
#endif
