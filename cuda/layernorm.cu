/* layernorm and its gradients: a warp looks at each row, then each number is made; src/cpu/layernorm.c. */
#include "loss.cuh"
#include "low.cuh"
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

typedef struct NormDw {
    Array out, x, dout;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int unused, int col) const
    {
        float sum = 0.0f;

        (void)unused;
        for (int row = 0; row < x.rows; row++) {
            float4 at = rows[row];

            sum += load_at<F>(dout, row, col) * ((load_at<F>(x, row, col) - at.x) * at.y);
        }
        return sum;
    }
} NormDw;

Status cuda_layernorm(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    RowWork look = {};
    NormWork work = {};

    if (is_forced(plan, instr))
        return low_layernorm(plan, instr);
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

    if (is_forced(plan, instr))
        return low_layernorm_dx(plan, instr);
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
    NormDw work = {};

    if (is_forced(plan, instr))
        return low_layernorm_dw(plan, instr);
    work.dout = plan->arrays[(size_t)of->in[0]];
    look.x = work.x = plan->arrays[(size_t)of->in[1]];
    TRY(look_at_rows(plan, &look));
    work.rows = look.rows;
    return places_run(plan, instr, &work);
}
