/* Products on tensor cores by our own hand, in an order that every kernel here keeps.
 *
 * linear: k in blocks of 32, of which a thread loads eight neighbours: two instructions a block, into
 * four sums in turn, which are added in pairs. linear_dx: k in steps of 16, into two sums in turn.
 * linear_dw: k in steps of 16, one sum. The order of k does not depend on tiles or on what is fused.
 */
#ifndef CUDA_MMA_CUH
#define CUDA_MMA_CUH

#include "device.cuh"

enum { MMA_ROWS = 16, MMA_COLS = 8, MMA_K = 16, LINEAR_BLOCK = 32 };

typedef struct Sums {
    float at[4]; /* rows lane / 4 and that + 8, columns lane % 4 * 2 and that + 1 */
} Sums;

/* sums += a b: a (16, 16), b (16, 8) */
template <Format F>
static __device__ __forceinline__ void mma(Sums *sums, uint32_t a0, uint32_t a1, uint32_t a2,
                                           uint32_t a3, uint32_t b0, uint32_t b1)
{
    float *c = sums->at;

#if __CUDA_ARCH__ >= 800
    if (F == FORMAT_BF16)
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
            "{%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    else
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
            "{%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
#endif
}

static __device__ __forceinline__ Sums sums_add(const Sums &x, const Sums &y)
{
    Sums sum;

#pragma unroll
    for (int i = 0; i < 4; i++)
        sum.at[i] = x.at[i] + y.at[i];
    return sum;
}

enum { LINEAR_AHEAD = 4 }; /* blocks whose weights are fetched before they are multiplied */

/* A tile of x W^T over k, a multiple of 16. a(row, k) and b(k) give eight neighbours along k: of x's rows
 * lane / 4 (row 0) and that + 8 (row 1), of W's row lane / 4 of the tile. Both are asked up to the end of
 * the last block of 32, where a gives zeros, and so does b(k, true). */
/* Weights of the next blocks, on their way while others are multiplied. */
typedef struct Ahead {
    uint4 at[LINEAR_AHEAD];
} Ahead;

template <class B> static __device__ __forceinline__ Ahead linear_fetch(int first, int k, B b)
{
    bool checked = first + LINEAR_AHEAD * LINEAR_BLOCK > k;
    int at = first + threadIdx.x % 4 * 8;
    Ahead ahead;

#pragma unroll
    for (int i = 0; i < LINEAR_AHEAD; i++)
        ahead.at[i] = b(at + i * LINEAR_BLOCK, checked);
    return ahead;
}

template <Format F, class A>
static __device__ __forceinline__ void linear_blocks(Sums (&sums)[4], int first, int k,
                                                     const Ahead &ahead, A a)
{
    int at = first + threadIdx.x % 4 * 8;

#pragma unroll
    for (int i = 0; i < LINEAR_AHEAD; i++) {
        if (first + i * LINEAR_BLOCK >= k)
            break;
        uint4 x = a(0, at + i * LINEAR_BLOCK), y = a(1, at + i * LINEAR_BLOCK), w = ahead.at[i];

        mma<F>(&sums[i % 2 * 2], x.x, y.x, x.y, y.y, w.x, w.y);
        mma<F>(&sums[i % 2 * 2 + 1], x.z, y.z, x.w, y.w, w.z, w.w);
    }
}

/* `now`: what linear_fetch(0, k, b) gave, perhaps long before. */
template <Format F, class A, class B>
static __device__ __forceinline__ Sums linear_tile(int k, Ahead now, A a, B b)
{
    const int turn = LINEAR_AHEAD * LINEAR_BLOCK;
    Sums sums[4] = {};

#pragma unroll 1
    for (int first = 0; first < k; first += turn) {
        Ahead next = now;

        if (first + turn < k)
            next = linear_fetch(first + turn, k, b);
        linear_blocks<F>(sums, first, k, now, a);
        now = next;
    }
    return sums_add(sums_add(sums[0], sums[1]), sums_add(sums[2], sums[3]));
}

static __device__ __forceinline__ uint32_t pair(uint16_t low, uint16_t high)
{
    return (uint32_t)low | (uint32_t)high << 16;
}

/* A tile of dout W. a(row, k) gives two neighbours along k of dout's row, b(k) one number of W's column. */
template <Format F, class A, class B>
static __device__ __forceinline__ Sums linear_dx_tile(int k, A a, B b)
{
    Sums sums[2] = {};
    int at = threadIdx.x % 4 * 2;

    for (int first = 0; first < k; first += 2 * MMA_K) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int from = first + i * MMA_K + at;

            if (first + i * MMA_K < k)
                mma<F>(&sums[i], a(0, from), a(1, from), a(0, from + 8), a(1, from + 8),
                       pair(b(from), b(from + 1)), pair(b(from + 8), b(from + 9)));
        }
    }
    return sums_add(sums[0], sums[1]);
}

/* A tile of dout^T x: a(row, k) is one number of dout's column, b(k) one of x's column. */
template <Format F, class A, class B>
static __device__ __forceinline__ Sums linear_dw_tile(int k, A a, B b)
{
    Sums sums = {};
    int at = threadIdx.x % 4 * 2;

    for (int step = 0; step < k; step += MMA_K) { /* the whole warp takes each step */
        int first = step + at;

        mma<F>(&sums, pair(a(0, first), a(0, first + 1)), pair(a(1, first), a(1, first + 1)),
               pair(a(0, first + 8), a(0, first + 9)), pair(a(1, first + 8), a(1, first + 9)),
               pair(b(first), b(first + 1)), pair(b(first + 8), b(first + 9)));
    }
    return sums;
}

#endif
