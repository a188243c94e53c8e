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
#if __CUDA_ARCH__ >= 800
    float *c = sums->at;

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

/* A tile of x W^T over k, a multiple of 16. a(row, k) and b(k) give eight neighbours along k: of x's rows
 * lane / 4 (row 0) and that + 8 (row 1), of W's row lane / 4 of the tile. Both are asked up to the end of
 * the last block of 32, where they give zeros. */
template <Format F, class A, class B>
static __device__ __forceinline__ Sums linear_tile(int k, A a, B b)
{
    const int turn = 4;
    int at = threadIdx.x % 4 * 8, blocks = (k + LINEAR_BLOCK - 1) / LINEAR_BLOCK, block = 0;
    Sums sums[4] = {};
    auto multiply = [&](int i, int first) {
        uint4 x = a(0, first + at), y = a(1, first + at), w = b(first + at);

        mma<F>(&sums[i % 2 * 2], x.x, y.x, x.y, y.y, w.x, w.y);
        mma<F>(&sums[i % 2 * 2 + 1], x.z, y.z, x.w, y.w, w.z, w.w);
    };

#pragma unroll 1
    for (; block + turn <= blocks; block += turn)
#pragma unroll
        for (int i = 0; i < turn; i++)
            multiply(i, (block + i) * LINEAR_BLOCK);
#pragma unroll
    for (int i = 0; i < turn - 1; i++)
        if (block + i < blocks)
            multiply(i, (block + i) * LINEAR_BLOCK);
    return sums_add(sums_add(sums[0], sums[1]), sums_add(sums[2], sums[3]));
}

static __device__ __forceinline__ uint32_t pair(uint16_t low, uint16_t high)
{
    return (uint32_t)low | (uint32_t)high << 16;
}

/* Of a step of k: a thread's two numbers near lane % 4 * 2, and two eight further. */
typedef struct Pairs {
    uint32_t near, far;
} Pairs;

/* A tile of dout W. a(row, k) gives two neighbours along k of dout's row, b(first) W's column at the step
 * of k that begins there. */
template <Format F, class A, class B>
static __device__ __forceinline__ Sums linear_dx_tile(int k, A a, B b)
{
    Sums sums[2] = {};

#pragma unroll 1
    for (int first = 0; first < k; first += 2 * MMA_K) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int step = first + i * MMA_K, from = step + threadIdx.x % 4 * 2;

            if (step >= k)
                break;
            Pairs w = b(step);

            mma<F>(&sums[i], a(0, from), a(1, from), a(0, from + 8), a(1, from + 8), w.near, w.far);
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

/* 8 by 8 matrices from shared memory, transposed on the way: four, and two. */
static __device__ __forceinline__ void load_four(const uint16_t *row, uint32_t (&to)[4])
{
#if __CUDA_ARCH__ >= 750
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);

    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address));
#endif
}

static __device__ __forceinline__ Pairs load_pairs(const uint16_t *row)
{
    Pairs to = {};
#if __CUDA_ARCH__ >= 750
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);

    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(to.near), "=r"(to.far)
                 : "r"(address));
#endif
    return to;
}

#endif
