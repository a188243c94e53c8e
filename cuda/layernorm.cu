/* layernorm and its gradients: a warp looks at each row, then each number is made; src/cpu/layernorm.c. */
#include "loss.cuh"
#include "places.cuh"

typedef struct RowWork {
    Array x, w, dout; /* dout.data NULL: mean and root are enough */
    float4 *rows;     /* mean, root, mean of g, mean of g h */
} RowWork;

static const float layernorm_eps = 1e-5f;

template <Format F>
static __device__ __forceinline__ void row_moments(const RowWork &work, int row, float *mean,
                                                   float *root, float eps)
{
    int cols = work.x.cols, lane = threadIdx.x % WARP;
    float sum = 0.0f, squares = 0.0f;

    for (int col = lane; col < cols; col += WARP)
        sum += load_at<F>(work.x, row, col);
    *mean = warp_sum_all(sum) / (float)cols;
    for (int col = lane; col < cols; col += WARP) {
        float off = load_at<F>(work.x, row, col) - *mean;

        squares += off * off;
    }
    *root = 1.0f / sqrtf(warp_sum_all(squares) / (float)cols + eps);
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    rows_kernel(const __grid_constant__ RowWork work, float eps)
{
    int lane = threadIdx.x % WARP, step = gridDim.x * (THREADS / WARP);

    for (int row = blockIdx.x * (THREADS / WARP) + threadIdx.x / WARP; row < work.x.rows;
         row += step) {
        float mean, root, sum = 0.0f, along = 0.0f;

        row_moments<F>(work, row, &mean, &root, eps);
        for (int col = lane; col < work.x.cols && work.dout.data != NULL; col += WARP) {
            float g = load_at<F>(work.dout, row, col) * load_at<F>(work.w, 0, col);

            sum += g;
            along += g * ((load_at<F>(work.x, row, col) - mean) * root);
        }
        sum = warp_sum_all(sum) / (float)work.x.cols;
        along = warp_sum_all(along) / (float)work.x.cols;
        if (lane == 0)
            work.rows[row] = make_float4(mean, root, sum, along);
    }
}

static Status look_at_rows(Plan *plan, RowWork *work)
{
    int blocks = plan_blocks(plan, (int64_t)work->x.rows * WARP, 1);
    cudaStream_t stream = plan->backend->stream;

    work->rows = (float4 *)plan->row_moments;
    if (plan->low == FORMAT_BF16)
        rows_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(*work, layernorm_eps);
    else
        rows_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(*work, layernorm_eps);
    return cuda_launched(plan->backend, "layernorm started");
}

typedef struct NormWork {
    Array out, x, w, b;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        float4 at = rows[row];

        return (load_at<F>(x, row, col) - at.x) * at.y * load_at<F>(w, 0, col) +
               load_at<F>(b, 0, col);
    }
} NormWork;

typedef struct NormDx {
    Array out, x, w, dout;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        float4 at = rows[row];
        float h = (load_at<F>(x, row, col) - at.x) * at.y;

        return at.y * (load_at<F>(dout, row, col) * load_at<F>(w, 0, col) - at.z - h * at.w);
    }
} NormDx;

/* Sums over the rows of a part, of which a sequence may have hundreds: interleaved lines of them, each in
 * order, then the lines, and in the end the parts. */
enum { NORM_LINES = THREADS / WARP };

typedef struct NormSums {
    Array x, dout;
    const float4 *rows;
    float *sums; /* (parts, cols) */
} NormSums;

template <Format F>
static __global__ void __launch_bounds__(THREADS) sums_kernel(const __grid_constant__ NormSums work)
{
    __shared__ float lines[NORM_LINES][WARP];
    int lane = threadIdx.x % WARP, line = threadIdx.x / WARP;
    int col = blockIdx.y * WARP + lane, first = blockIdx.x * NORM_PART;
    int end = col < work.x.cols ? min(first + NORM_PART, work.x.rows) : 0;
    float sum = 0.0f;

#pragma unroll 4
    for (int row = first + line; row < end; row += NORM_LINES) {
        float4 at = work.rows[row];

        sum += load_at<F>(work.dout, row, col) * ((load_at<F>(work.x, row, col) - at.x) * at.y);
    }
    lines[line][lane] = sum;
    __syncthreads();
    if (line > 0 || col >= work.x.cols)
        return;
    for (int i = 1; i < NORM_LINES; i++)
        sum += lines[i][lane];
    work.sums[(int64_t)blockIdx.x * work.x.cols + col] = sum;
}

static Status sum_parts_of(Plan *plan, const NormSums *work)
{
    dim3 blocks((work->x.rows + NORM_PART - 1) / NORM_PART, (work->x.cols + WARP - 1) / WARP);
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        sums_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(*work);
    else
        sums_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(*work);
    return cuda_launched(plan->backend, "a gradient of layernorm started");
}

typedef struct NormDw {
    Array out;
    Counter counter;
    const StepState *state;
    const float *sums;
    int parts;

    template <Format F> __device__ __forceinline__ float number(int unused, int col) const
    {
        float sum = sums[col];

        (void)unused;
#pragma unroll 8
        for (int part = 1; part < parts; part++)
            sum += sums[(int64_t)part * out.cols + col];
        return sum;
    }
} NormDw;

Status cuda_layernorm(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    RowWork look = {};
    NormWork work = {};

    look.x = work.x = plan->arrays[(size_t)of->in[0]];
    work.w = plan->arrays[(size_t)of->in[1]];
    work.b = plan->arrays[(size_t)of->in[2]];
    TRY(look_at_rows(plan, &look));
    work.rows = look.rows;
    return places_run(plan, instr, &work);
}

Status cuda_layernorm_dx(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    RowWork look = {};
    NormDx work = {};

    look.dout = work.dout = plan->arrays[(size_t)of->in[0]];
    look.x = work.x = plan->arrays[(size_t)of->in[1]];
    look.w = work.w = plan->arrays[(size_t)of->in[2]];
    TRY(look_at_rows(plan, &look));
    work.rows = look.rows;
    return places_run(plan, instr, &work);
}

Status cuda_layernorm_dw(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    RowWork look = {};
    NormSums sums = {};
    NormDw work = {};

    sums.dout = plan->arrays[(size_t)of->in[0]];
    look.x = sums.x = plan->arrays[(size_t)of->in[1]];
    TRY(look_at_rows(plan, &look));
    sums.rows = look.rows;
    sums.sums = plan->norm_sums;
    TRY(sum_parts_of(plan, &sums));
    work.sums = sums.sums;
    work.parts = (sums.x.rows + NORM_PART - 1) / NORM_PART;
    return places_run(plan, instr, &work);
}
