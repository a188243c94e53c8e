/* log_softmax and its gradient, a warp for each row; src/cpu/log_softmax.c. */
#include "loss.cuh"
#include "low.cuh"

typedef struct SoftmaxWork {
    Array in, saved, out; /* forward: saved is unused */
    Counter counter;
    const StepState *state;
} SoftmaxWork;

template <Format F>
static __device__ __forceinline__ void put(const SoftmaxWork &work, int row, int col, float value,
                                           Seen *seen)
{
    if (work.counter.tally != NULL)
        count_value(work.counter.edges, seen, value);
    store_at<F>(work.out, row, col, value);
}

template <Format F> static __device__ void forward_row(const SoftmaxWork &work, int row, Seen *seen)
{
    float most, log_sum;

    row_log_sum(
        work.in.cols, [&](int col) { return load_at<F>(work.in, row, col); }, &most, &log_sum);
    for (int col = threadIdx.x % WARP; col < work.in.cols; col += WARP)
        put<F>(work, row, col, load_at<F>(work.in, row, col) - most - log_sum, seen);
}

template <Format F>
static __device__ void backward_row(const SoftmaxWork &work, int row, Seen *seen)
{
    float sum = 0.0f;

    for (int col = threadIdx.x % WARP; col < work.in.cols; col += WARP)
        sum += load_at<F>(work.in, row, col);
    sum = warp_sum_all(sum);
    for (int col = threadIdx.x % WARP; col < work.in.cols; col += WARP)
        put<F>(work, row, col,
               load_at<F>(work.in, row, col) - expf(load_at<F>(work.saved, row, col)) * sum, seen);
}

template <Format F, bool BACKWARD>
static __global__ void __launch_bounds__(THREADS)
    softmax_kernel(const __grid_constant__ SoftmaxWork work)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int row = (blockIdx.x * THREADS + threadIdx.x) / WARP; row < work.in.rows;
         row += gridDim.x * THREADS / WARP)
        BACKWARD ? backward_row<F>(work, row, &seen) : forward_row<F>(work, row, &seen);
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

template <bool BACKWARD> static Status run(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    SoftmaxWork work = {
        plan->arrays[of->in[0]], {}, plan->arrays[of->out], plan_counter(plan, instr), plan->state};
    int blocks = plan_blocks(plan, (int64_t)work.in.rows * WARP, 1);
    cudaStream_t stream = plan->backend->stream;

    if (BACKWARD)
        work.saved = plan->arrays[of->in[1]];
    if (plan->low == FORMAT_BF16)
        softmax_kernel<FORMAT_BF16, BACKWARD><<<blocks, THREADS, 0, stream>>>(work);
    else
        softmax_kernel<FORMAT_FP16, BACKWARD><<<blocks, THREADS, 0, stream>>>(work);
    return cuda_launched(plan->backend, "log_softmax started");
}

Status cuda_log_softmax(Plan *plan, int instr)
{
    return is_forced(plan, instr) ? low_log_softmax(plan, instr) : run<false>(plan, instr);
}

Status cuda_log_softmax_backward(Plan *plan, int instr)
{
    return is_forced(plan, instr) ? low_log_softmax_backward(plan, instr) : run<true>(plan, instr);
}
