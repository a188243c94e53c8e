/* Convolutions as products of matrices, one side of which is gathered on its way into shared memory.
 *
 *   conv2d      rows: outputs    columns: places of the result    k: taps (channel, y, x)
 *   conv2d_dx   rows: channels   columns: places of the picture   k: taps (output, y, x)
 *   conv2d_dw   rows: outputs    columns: taps                    k: places, in parts
 *
 * Words are what shared memory holds and tensor cores take along k: two narrow numbers, or a wide one. fp32,
 * and all formats where there are no such tensor cores, are multiplied one by one. Sums are in fp32, in an
 * order that depends on the sizes alone.
 */
#ifndef CUDA_CONV_CUH
#define CUDA_CONV_CUH

#include "mma.cuh"
#include "places.cuh"

enum {
    CONV_WORDS = 16,                    /* of k at a time */
    CONV_STRIDE_WORDS = CONV_WORDS + 4, /* so that neither side's rows share banks */
    CONV_COLUMNS = 128,                 /* of a block, where they are places */
    CONV_TAPS = 64,                     /* of a block, where they are taps */
    CONV_PART = 512,                    /* blocks that share the places of conv2d_dw, about */
};

/* Numbers in a word. */
template <Format F> struct Packed {
    enum { COUNT = F == FORMAT_FP16 || F == FORMAT_BF16 ? 2 : 1 };
};

/* What the kernels of a convolution work on. */
typedef struct Conv {
    Array pictures, weight, bias, dout; /* those of them that it takes */
    const float
        *scales[2]; /* of fp8 numbers, which are carried in bf16 (fp8.cuh); NULL: there are none */
    Plane in, out;
    int examples, channels, outputs, kernel, stride, pad;
    Divider by_kernel, by_square; /* a kernel's side, and its taps */
} Conv;

/* Where a tap lies from a place: how far in memory, down, and right. */
typedef struct alignas(16) Tap {
    int offset, down, right;
} Tap;

enum { OUTSIDE = -(1 << 29) }; /* of any picture */

/* A place, and where its first tap lies: narrow numbers, or wide ones. */
typedef struct Spot {
    const void *start;
    int top, left;
} Spot;

template <Format F>
static __device__ __forceinline__ const void *number_at(const void *data, int64_t at)
{
    return (const char *)data + at * (4 / Packed<F>::COUNT);
}

template <Format F> static __device__ __forceinline__ uint32_t load_number(const void *data, int at)
{
    return Packed<F>::COUNT == 2 ? ((const uint16_t *)data)[at] : ((const uint32_t *)data)[at];
}

/* The channel, or output, of tap `k`, and where it stands in the kernel. */
static __device__ __forceinline__ Position kernel_position(const Conv &conv, int k)
{
    int channel = quotient(conv.by_square, k), at = remainder(conv.by_square, k, channel);
    int down = quotient(conv.by_kernel, at);

    return {channel, down, remainder(conv.by_kernel, at, down)};
}

/* Tap `k` as it lies in the pictures; outside from `end` on. */
static __device__ __forceinline__ Tap tap_of(const Conv &conv, int k, int end)
{
    Position tap = kernel_position(conv, k);

    return {column_of(conv.in, tap.channel, tap.y, tap.x), k < end ? tap.y : OUTSIDE, tap.x};
}

/* Place `at` of all examples, from which taps look at the pictures; outside from `end` on. */
template <Format F>
static __device__ __forceinline__ Spot spot_of(const Conv &conv, int at, int end)
{
    Position place = position_of(conv.out, at); /* its channel is the example */
    int top = place.y * conv.stride - conv.pad, left = place.x * conv.stride - conv.pad;
    int64_t start = (int64_t)place.channel * conv.pictures.stride + top * conv.in.width + left;

    return {number_at<F>(conv.pictures.data, start), at < end ? top : OUTSIDE, left};
}

static __device__ __forceinline__ bool is_inside(const Plane &plane, int y, int x)
{
    return (unsigned)y < (unsigned)plane.height && (unsigned)x < (unsigned)plane.width;
}

/* What a tap sees from a place of conv2d or conv2d_dw. */
template <Format F>
static __device__ __forceinline__ uint32_t seen_from(const Conv &conv, const Spot &spot,
                                                     const Tap &tap)
{
    return is_inside(conv.in, spot.top + tap.down, spot.left + tap.right)
               ? load_number<F>(spot.start, tap.offset)
               : 0;
}

/* A word of a matrix's row from `k` on, zeros from `end` on. */
template <Format F, class Number>
static __device__ __forceinline__ uint32_t word_of(int k, int end, Number number)
{
    uint32_t word = k < end ? number(k) : 0;

    if (Packed<F>::COUNT == 2 && k + 1 < end)
        word |= number(k + 1) << 16;
    return word;
}

/* A number out of a word of it. */
template <Format F> static __device__ __forceinline__ float number_in(uint32_t word, int i)
{
    return Packed<F>::COUNT == 2 ? widen_bits<F>(word >> 16 * i & 0xFFFFu) : __uint_as_float(word);
}

static __device__ __forceinline__ void mma_tf32(Sums *sums, const uint32_t (&a)[4],
                                                const uint32_t (&b)[2])
{
#if __CUDA_ARCH__ >= 800
    float *c = sums->at;

    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

/* Eight words of k by tensor cores. `a`: the tile's first row, at these words; `b`: its first column. */
template <Format F, int ROWS, int COLS>
static __device__ __forceinline__ void multiply_tiles(const uint32_t *a, const uint32_t *b,
                                                      Sums (&sums)[ROWS][COLS])
{
    int lane = threadIdx.x % WARP, from = lane / 4 * CONV_STRIDE_WORDS + lane % 4;
    uint32_t right[COLS][2];

#pragma unroll
    for (int n = 0; n < COLS; n++)
#pragma unroll
        for (int i = 0; i < 2; i++)
            right[n][i] = b[from + n * MMA_COLS * CONV_STRIDE_WORDS + i * 4];
#pragma unroll
    for (int m = 0; m < ROWS; m++) {
        uint32_t left[4];

#pragma unroll
        for (int i = 0; i < 4; i++)
            left[i] =
                a[from + (m * MMA_ROWS + i % 2 * (MMA_ROWS / 2)) * CONV_STRIDE_WORDS + i / 2 * 4];
#pragma unroll
        for (int n = 0; n < COLS; n++) {
            if (F == FORMAT_TF32)
                mma_tf32(&sums[m][n], left, right[n]);
            else
                mma<F>(&sums[m][n], left[0], left[1], left[2], left[3], right[n][0], right[n][1]);
        }
    }
}

/* The same, one number after the other. */
template <Format F, int ROWS, int COLS>
static __device__ __forceinline__ void multiply_numbers(const uint32_t *a, const uint32_t *b,
                                                        Sums (&sums)[ROWS][COLS])
{
    int lane = threadIdx.x % WARP, row = lane / 4, col = lane % 4 * 2;

#pragma unroll 1
    for (int word = 0; word < 8; word++) {
        uint32_t right[COLS][2];

#pragma unroll
        for (int n = 0; n < COLS; n++)
#pragma unroll
            for (int i = 0; i < 2; i++)
                right[n][i] = b[(n * MMA_COLS + col + i) * CONV_STRIDE_WORDS + word];
#pragma unroll
        for (int m = 0; m < 2 * ROWS; m++) {
            uint32_t left = a[(m * (MMA_ROWS / 2) + row) * CONV_STRIDE_WORDS + word];

#pragma unroll
            for (int n = 0; n < COLS; n++)
#pragma unroll
                for (int i = 0; i < 2 * Packed<F>::COUNT; i++) {
                    float *sum = &sums[m / 2][n].at[m % 2 * 2 + i % 2];

                    *sum = __fmaf_rn(number_in<F>(left, i / 2),
                                     number_in<F>(right[n][i % 2], i / 2), *sum);
                }
        }
    }
}

template <Format F, int ROWS, int COLS>
static __device__ __forceinline__ void multiply(const uint32_t *a, const uint32_t *b,
                                                Sums (&sums)[ROWS][COLS])
{
#if __CUDA_ARCH__ >= 800
    const bool tiles = F != FORMAT_FP32;
#else
    const bool tiles = false;
#endif

#pragma unroll
    for (int word = 0; word < CONV_WORDS; word += 8) {
        if (tiles)
            multiply_tiles<F>(a + word, b + word, sums);
        else
            multiply_numbers<F>(a + word, b + word, sums);
    }
}

/* Rows of a block: as few as the convolution has, for what is gathered once serves them all. */
enum { CONV_FEW_ROWS = 2, CONV_MANY_ROWS = 4 /* tiles of 16 */ };

static inline bool conv_has_many(int rows)
{
    return rows > CONV_FEW_ROWS * MMA_ROWS;
}

/* Without its operands. Fails: STATUS_UNSUPPORTED: more places than a kernel can number. */
Status conv_of(const Plan *plan, int instr, Conv *conv);

/* conv2d and conv2d_dx: the kernel, and what was fused behind it. */
Status conv_places_run(Plan *plan, int instr, const Conv *conv);

#endif
