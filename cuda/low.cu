/* log_softmax, layernorm and their gradients where they are forced into a low format: a warp looks at each
 * row, then each number is made; src/cpu/low.c has the formulas, R is low() here. */
#include "loss.cuh"
#include "low.cuh"
#include "places.cuh"

typedef struct LowRows {
    Array x, w, dout; /* dout.data NULL: not looked at */
    float4 *rows;
    bool unstable;
} LowRows;

/* Kept in fp32 among what is low, or forced low (amp/policy.h), or a cast to fp8. */
static bool departs(const Program *program, const Instr *instr, Format low)
{
    Format in = instr->in[0] == NO_VALUE ? FORMAT_FP32 : program->values[instr->in[0]].format;

    if (instr_forced(instr) != FORMAT_FP32 || instr->op == OP_CAST_FP8)
        return true;
    if (op_is_product(instr->op))
        return in != low;
    return ((instr->op >= OP_MAXPOOL && instr->op <= OP_AVGPOOL_BACKWARD) ||
            (instr->op >= OP_DROPOUT && instr->op <= OP_LOG_SOFTMAX_BACKWARD)) &&
           in != program->values[instr->out].format;
}

bool low_departs(const Program *program, Format low)
{
    for (int i = 0; i < program->instr_count; i++)
        if (departs(program, &program->instrs[i], low))
            return true;
    return false;
}

static const float layernorm_eps = 1e-5f;

template <Format F> static __device__ __forceinline__ float low(float x)
{
    return rounded<F>(x);
}

template <Format F>
static __device__ __forceinline__ float low_at(const Array &array, int row, int col)
{
    return low<F>(load_at<F>(array, row, col));
}

/* max, and R(log R(sum R(exp d))); unstable: anything, and R(sum e) */
template <Format F> static __device__ float4 softmax_row(const LowRows &work, int row)
{
    float most = -INFINITY, sum = 0.0f;

    for (int col = threadIdx.x % WARP; col < work.x.cols && !work.unstable; col += WARP) {
        float x = low_at<F>(work.x, row, col);

        most = x > most || isnan(x) ? x : most;
    }
    most = work.unstable ? 0.0f : warp_largest(most);
    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP)
        sum += low<F>(expf(low<F>(low_at<F>(work.x, row, col) - most)));
    sum = low<F>(warp_sum_all(sum));
    return make_float4(most, work.unstable ? sum : low<F>(logf(sum)), 0.0f, 0.0f);
}

/* R(sum dout) */
template <Format F> static __device__ float4 softmax_slope_row(const LowRows &work, int row)
{
    float sum = 0.0f;

    for (int col = threadIdx.x % WARP; col < work.dout.cols; col += WARP)
        sum += load_at<F>(work.dout, row, col);
    return make_float4(low<F>(warp_sum_all(sum)), 0.0f, 0.0f, 0.0f);
}

template <Format F>
static __device__ __forceinline__ float normal(const Array &x, int row, int col, const float4 &at)
{
    return low<F>(low<F>(low_at<F>(x, row, col) - at.x) * at.y);
}

/* mean, root, mean of g, mean of g h */
template <Format F> static __device__ float4 norm_row(const LowRows &work, int row)
{
    float sum = 0.0f, squares = 0.0f, along = 0.0f, cols = (float)work.x.cols;
    float4 at = make_float4(0.0f, 0.0f, 0.0f, 0.0f);

    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP)
        sum += low_at<F>(work.x, row, col);
    at.x = low<F>(warp_sum_all(sum) / cols);
    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP) {
        float off = low<F>(low_at<F>(work.x, row, col) - at.x);

        squares += low<F>(off * off);
    }
    squares = low<F>(low<F>(warp_sum_all(squares) / cols) + layernorm_eps);
    at.y = low<F>(1.0f / low<F>(sqrtf(squares)));
    if (work.dout.data == NULL)
        return at;
    sum = 0.0f;
    for (int col = threadIdx.x % WARP; col < work.x.cols; col += WARP) {
        float g = low<F>(load_at<F>(work.dout, row, col) * low_at<F>(work.w, 0, col));

        sum += g;
        along += low<F>(g * normal<F>(work.x, row, col, at));
    }
    at.z = low<F>(warp_sum_all(sum) / cols);
    at.w = low<F>(warp_sum_all(along) / cols);
    return at;
}

enum LowKind { LOW_SOFTMAX, LOW_SLOPE, LOW_NORM };

template <Format F, LowKind KIND>
static __global__ void __launch_bounds__(THREADS)
    low_rows_kernel(const __grid_constant__ LowRows work, int rows)
{
    int step = gridDim.x * (THREADS / WARP);

    for (int row = blockIdx.x * (THREADS / WARP) + threadIdx.x / WARP; row < rows; row += step) {
        float4 at = KIND == LOW_SOFTMAX ? softmax_row<F>(work, row)
                    : KIND == LOW_SLOPE ? softmax_slope_row<F>(work, row)
                                        : norm_row<F>(work, row);

        if (threadIdx.x % WARP == 0)
            work.rows[row] = at;
    }
}

template <LowKind KIND> static Status look(Plan *plan, LowRows *work, const char *what)
{
    int rows = KIND == LOW_SLOPE ? work->dout.rows : work->x.rows;
    int blocks = plan_blocks(plan, (int64_t)rows * WARP, 1);
    cudaStream_t stream = plan->backend->stream;

    work->rows = (float4 *)plan->low_rows;
    if (plan->low == FORMAT_BF16)
        low_rows_kernel<FORMAT_BF16, KIND><<<blocks, THREADS, 0, stream>>>(*work, rows);
    else
        low_rows_kernel<FORMAT_FP16, KIND><<<blocks, THREADS, 0, stream>>>(*work, rows);
    return cuda_launched(plan->backend, what);
}

typedef struct SoftmaxLow {
    Array out, x;
    Counter counter;
    const StepState *state;
    const float4 *rows;
    bool unstable;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        float4 at = rows[row];
        float d = low<F>(low_at<F>(x, row, col) - at.x);

        return unstable ? logf(low<F>(low<F>(expf(d)) / at.y)) : d - at.y;
    }
} SoftmaxLow;

typedef struct SlopeLow {
    Array out, dout, saved;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        float share = low<F>(low<F>(expf(load_at<F>(saved, row, col))) * rows[row].x);

        return low<F>(load_at<F>(dout, row, col) - share);
    }
} SlopeLow;

typedef struct NormLow {
    Array out, x, w, b;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        float h = normal<F>(x, row, col, rows[row]);

        return low<F>(h * low_at<F>(w, 0, col)) + low_at<F>(b, 0, col);
    }
} NormLow;

typedef struct NormDxLow {
    Array out, x, w, dout;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        float4 at = rows[row];
        float g = low<F>(load_at<F>(dout, row, col) * low_at<F>(w, 0, col));
        float across = low<F>(normal<F>(x, row, col, at) * at.w);

        return low<F>(at.y * low<F>(low<F>(g - at.z) - across));
    }
} NormDxLow;

typedef struct NormDwLow {
    Array out, x, dout;
    Counter counter;
    const StepState *state;
    const float4 *rows;

    template <Format F> __device__ __forceinline__ float number(int unused, int col) const
    {
        float sum = 0.0f;

        (void)unused;
        for (int row = 0; row < x.rows; row++)
            sum += low<F>(load_at<F>(dout, row, col) * normal<F>(x, row, col, rows[row]));
        return sum;
    }
} NormDwLow;

static const Array &operand(const Plan *plan, int instr, int i)
{
    return plan->arrays[(size_t)plan->program.instrs[instr].in[i]];
}

Status low_log_softmax(Plan *plan, int instr)
{
    LowRows rows = {};
    SoftmaxLow work = {};

    rows.x = work.x = operand(plan, instr, 0);
    rows.unstable = work.unstable = plan->program.instrs[instr].constants[LOW_UNSTABLE] != 0.0;
    TRY(look<LOW_SOFTMAX>(plan, &rows, "log_softmax started"));
    work.rows = rows.rows;
    return places_run(plan, instr, &work);
}

Status low_log_softmax_backward(Plan *plan, int instr)
{
    LowRows rows = {};
    SlopeLow work = {};

    rows.dout = work.dout = operand(plan, instr, 0);
    work.saved = operand(plan, instr, 1);
    TRY(look<LOW_SLOPE>(plan, &rows, "log_softmax started"));
    work.rows = rows.rows;
    return places_run(plan, instr, &work);
}

Status low_layernorm(Plan *plan, int instr)
{
    LowRows rows = {};
    NormLow work = {};

    rows.x = work.x = operand(plan, instr, 0);
    work.w = operand(plan, instr, 1);
    work.b = operand(plan, instr, 2);
    TRY(look<LOW_NORM>(plan, &rows, "layernorm started"));
    work.rows = rows.rows;
    return places_run(plan, instr, &work);
}

Status low_layernorm_dx(Plan *plan, int instr)
{
    LowRows rows = {};
    NormDxLow work = {};

    rows.dout = work.dout = operand(plan, instr, 0);
    rows.x = work.x = operand(plan, instr, 1);
    rows.w = work.w = operand(plan, instr, 2);
    TRY(look<LOW_NORM>(plan, &rows, "layernorm started"));
    work.rows = rows.rows;
    return places_run(plan, instr, &work);
}

Status low_layernorm_dw(Plan *plan, int instr)
{
    LowRows rows = {};
    NormDwLow work = {};

    work.dout = operand(plan, instr, 0);
    rows.x = work.x = operand(plan, instr, 1);
    TRY(look<LOW_NORM>(plan, &rows, "layernorm started"));
    work.rows = rows.rows;
    return places_run(plan, instr, &work);
}
