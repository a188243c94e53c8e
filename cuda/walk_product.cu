/* The products of a small network one by one, in the order of mma.cuh: what the fused kernels must give
 * to the bit. A warp for each tile of 16 by 8.
 */
#include "mma.cuh"
#include "walk.cuh"

typedef struct WalkProduct {
    Array a, b;
    float *out;
    int rows, cols, k, stride;
} WalkProduct;

static __device__ __forceinline__ const uint16_t *row_of(const Array &array, int row)
{
    return (const uint16_t *)array.data + (int64_t)row * array.stride;
}

static __device__ __forceinline__ uint4 eight(const Array &array, int row, int rows, int k)
{
    return row < rows && k < array.stride ? *(const uint4 *)(row_of(array, row) + k)
                                          : make_uint4(0, 0, 0, 0);
}

static __device__ __forceinline__ uint16_t one(const Array &array, int row, int rows, int col)
{
    return row < rows && col < array.stride ? row_of(array, row)[col] : (uint16_t)0;
}

template <Format F, OpKind OP>
static __device__ __forceinline__ Sums tile(const WalkProduct &p, int row, int col)
{
    int group = threadIdx.x % WARP / 4, at = threadIdx.x % 4 * 2;

    if (OP == OP_LINEAR) {
        return linear_tile<F>(
            p.k, [&](int half, int k) { return eight(p.a, row + group + half * 8, p.a.rows, k); },
            [&](int k) { return eight(p.b, col + group, p.b.rows, k); });
    }
    if (OP == OP_LINEAR_DX)
        return linear_dx_tile<F>(
            p.k,
            [&](int half, int k) {
                return pair(one(p.a, row + group + half * 8, p.a.rows, k),
                            one(p.a, row + group + half * 8, p.a.rows, k + 1));
            },
            [&](int first) {
                auto w = [&](int k) { return one(p.b, first + at + k, p.b.rows, col + group); };

                return Pairs{pair(w(0), w(1)), pair(w(8), w(9))};
            });
    return linear_dw_tile<F>(
        p.k, [&](int half, int k) { return one(p.a, k, p.a.rows, row + group + half * 8); },
        [&](int k) { return one(p.b, k, p.b.rows, col + group); });
}

template <Format F, OpKind OP>
static __global__ void __launch_bounds__(THREADS)
    walk_product_kernel(const __grid_constant__ WalkProduct p)
{
    int across = (p.cols + MMA_COLS - 1) / MMA_COLS;
    int index = (blockIdx.x * THREADS + threadIdx.x) / WARP, lane = threadIdx.x % WARP;
    int row = index / across * MMA_ROWS, col = index % across * MMA_COLS;

    if (row >= p.rows)
        return;
    Sums sums = tile<F, OP>(p, row, col);

    for (int i = 0; i < 4; i++) {
        int r = row + lane / 4 + i / 2 * 8, c = col + lane % 4 * 2 + i % 2;

        if (r < p.rows && c < p.cols)
            p.out[(int64_t)r * p.stride + c] = sums.at[i];
    }
}

template <Format F> static void launch(Plan *plan, OpKind op, const WalkProduct *p)
{
    int tiles = (p->rows + MMA_ROWS - 1) / MMA_ROWS * ((p->cols + MMA_COLS - 1) / MMA_COLS);
    int blocks = (tiles * WARP + THREADS - 1) / THREADS;
    cudaStream_t stream = plan->backend->stream;

    if (op == OP_LINEAR)
        walk_product_kernel<F, OP_LINEAR><<<blocks, THREADS, 0, stream>>>(*p);
    else if (op == OP_LINEAR_DX)
        walk_product_kernel<F, OP_LINEAR_DX><<<blocks, THREADS, 0, stream>>>(*p);
    else
        walk_product_kernel<F, OP_LINEAR_DW><<<blocks, THREADS, 0, stream>>>(*p);
}

Status walk_product(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    const Array *out = &plan->arrays[(size_t)of->out];
    WalkProduct p = {plan->arrays[(size_t)of->in[0]],
                     plan->arrays[(size_t)of->in[1]],
                     plan->raws[(size_t)instr],
                     out->rows,
                     out->cols,
                     0,
                     raw_stride(out, out->format)};

    p.k = of->op == OP_LINEAR_DW ? p.a.rows : p.a.stride;
    if (plan->low == FORMAT_BF16)
        launch<FORMAT_BF16>(plan, of->op, &p);
    else
        launch<FORMAT_FP16>(plan, of->op, &p);
    return cuda_launched(plan->backend, "a product started");
}
