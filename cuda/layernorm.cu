/* layernorm and its gradients, a warp for each row; src/cpu/layernorm.c. */
#include "loss.cuh"
#include "low.cuh"
#include "places.cuh"

static const float layernorm_eps = 1e-5f;

/* Of a row of x. */
typedef struct Moments {
    float mean, root;
} Moments;

template <Format F>
static __device__ __forceinline__ Moments row_moments(const Array &x, int row, float eps)
{
    int cols = x.cols, lane = threadIdx.x % WARP;
    float sum = 0.0f, squares = 0.0f, mean;

    for (int col = lane; col < cols; col += WARP)
        sum += load_at<F>(x, row, col);
    mean = warp_sum_all(sum) / (float)cols;
    for (int col = lane; col < cols; col += WARP) {
        float off = load_at<F>(x, row, col) - mean;

        squares += off * off;
    }
    return {mean, 1.0f / sqrtf(warp_sum_all(squares) / (float)cols + eps)};
}

/* dout.data NULL: forward; b: of forward only. */
typedef struct NormWork {
    Array x, w, b, dout;
    float eps;
} NormWork;

template <Format F>
static __device__ __forceinline__ void forward_row(const NormWork &work, const Chain &chain,
                                                   int row, Seen *seen)
{
    Moments at = row_moments<F>(work.x, row, work.eps);

    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP) {
        float v[1] = {(load_at<F>(work.x, row, col) - at.mean) * at.root *
                          load_at<F>(work.w, 0, col) +
                      load_at<F>(work.b, 0, col)};

        chain_pass<F, 1>(chain, v, row, col, seen);
    }
}

template <Format F>
static __device__ __forceinline__ void dx_row(const NormWork &work, const Chain &chain, int row,
                                              Seen *seen)
{
    Moments at = row_moments<F>(work.x, row, work.eps);
    float sum = 0.0f, along = 0.0f;

    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP) {
        float g = load_at<F>(work.dout, row, col) * load_at<F>(work.w, 0, col);

        sum += g;
        along += g * ((load_at<F>(work.x, row, col) - at.mean) * at.root);
    }
    sum = warp_sum_all(sum) / (float)work.x.cols;
    along = warp_sum_all(along) / (float)work.x.cols;
    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP) {
        float h = (load_at<F>(work.x, row, col) - at.mean) * at.root;
        float g = load_at<F>(work.dout, row, col) * load_at<F>(work.w, 0, col);
        float v[1] = {at.root * (g - sum - h * along)};

        chain_pass<F, 1>(chain, v, row, col, seen);
    }
}

template <Format F, bool BACKWARD>
static __global__ void __launch_bounds__(THREADS)
    norm_kernel(const __grid_constant__ NormWork work, const __grid_constant__ Chain chain)
{
    __shared__ Tally tallies[MOST_STAGES];
    __shared__ Mass warps[THREADS / WARP];
    Seen seen[MOST_STAGES];

    chain_open(chain, tallies, seen);
    wait_for_previous();
    for (int row = (int)(blockIdx.x * THREADS + threadIdx.x) / WARP; row < work.x.rows;
         row += (int)gridDim.x * THREADS / WARP)
        BACKWARD ? dx_row<F>(work, chain, row, seen) : forward_row<F>(work, chain, row, seen);
    chain_close(chain, tallies, seen, warps);
}

template <bool BACKWARD> static const void *kernel_for(Format low)
{
    return low == FORMAT_BF16   ? (const void *)norm_kernel<FORMAT_BF16, BACKWARD>
           : low == FORMAT_TF32 ? (const void *)norm_kernel<FORMAT_TF32, BACKWARD>
                                : (const void *)norm_kernel<FORMAT_FP16, BACKWARD>;
}

template <bool BACKWARD> static Status run(Plan *plan, int instr, const NormWork *work)
{
    Chain chain = chain_behind(plan, instr);
    void *arguments[] = {(void *)work, &chain};

    return launch_early(plan, kernel_for<BACKWARD>(plan->low),
                        plan_blocks(plan, (int64_t)work->x.rows * WARP, 1), 0, arguments,
                        "layernorm started");
}

Status cuda_layernorm(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    NormWork work = {plan->arrays[(size_t)of->in[0]],
                     plan->arrays[(size_t)of->in[1]],
                     plan->arrays[(size_t)of->in[2]],
                     {},
                     layernorm_eps};

    if (is_forced(plan, instr))
        return low_layernorm(plan, instr);
    return run<false>(plan, instr, &work);
}

Status cuda_layernorm_dx(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    NormWork work = {plan->arrays[(size_t)of->in[1]],
                     plan->arrays[(size_t)of->in[2]],
                     {},
                     plan->arrays[(size_t)of->in[0]],
                     layernorm_eps};

    if (is_forced(plan, instr))
        return low_layernorm_dx(plan, instr);
    return run<true>(plan, instr, &work);
}

typedef struct NormDw {
    Array x, dout;
    float *sums; /* (parts, cols) */
    float eps;
} NormDw;

/* A block for a part of the rows: each line's rows in order, then the lines (map.cuh). */
template <Format F>
static __global__ void __launch_bounds__(THREADS) dw_kernel(const __grid_constant__ NormDw work)
{
    __shared__ Moments moments[SUM_PART];
    __shared__ float lines[SUM_LINES][WARP];
    int lane = threadIdx.x % WARP, line = threadIdx.x / WARP, first = blockIdx.x * SUM_PART;
    int count = min(SUM_PART, work.x.rows - first);

    wait_for_previous();
    for (int i = line; i < count; i += SUM_LINES) {
        Moments at = row_moments<F>(work.x, first + i, work.eps);

        if (lane == 0)
            moments[i] = at;
    }
    __syncthreads();
    for (int strip = 0; strip < work.x.cols; strip += WARP) {
        int col = strip + lane;
        float sum = 0.0f;

        for (int i = line; i < count && col < work.x.cols; i += SUM_LINES)
            sum += load_at<F>(work.dout, first + i, col) *
                   ((load_at<F>(work.x, first + i, col) - moments[i].mean) * moments[i].root);
        lines[line][lane] = sum;
        __syncthreads();
        for (int i = 1; i < SUM_LINES; i++)
            sum += lines[i][lane];
        if (line == 0 && col < work.x.cols)
            work.sums[(int64_t)blockIdx.x * work.x.cols + col] = sum;
        __syncthreads();
    }
}

Status sums_layernorm_dw(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    NormDw work = {plan->arrays[(size_t)of->in[1]], plan->arrays[(size_t)of->in[0]],
                   plan->raws[(size_t)instr], layernorm_eps};
    void *arguments[] = {&work};

    return launch_early(plan,
                        plan->low == FORMAT_BF16 ? (const void *)dw_kernel<FORMAT_BF16>
                                                 : (const void *)dw_kernel<FORMAT_FP16>,
                        plan_parts(plan, instr), 0, arguments,
                        "layernorm's weights were looked at");
}

Status cuda_layernorm_dw(Plan *plan, int instr)
{
    if (is_forced(plan, instr))
        return low_layernorm_dw(plan, instr);
    TRY(sums_layernorm_dw(plan, instr));
    return parts_finish(plan, instr);
}
