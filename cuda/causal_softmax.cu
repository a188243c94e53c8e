/* causal_softmax and its gradient, a warp for each row of a square; src/cpu/causal_softmax.c.
 *
 * A thread holds PER of a row's numbers, a warp's width apart; with PER 0, for rows longer than that, it loads
 * them anew each time, which gives the same bits.
 */
#include "loss.cuh"
#include "low.cuh"

typedef struct CausalWork {
    Array in, saved, out; /* forward: saved is unused */
    Counter counter;
    const StepState *state;
    int time, rows; /* rows: of all squares */
    bool forced, unstable;
} CausalWork;

template <Format F> static __device__ __forceinline__ float low(const CausalWork &work, float value)
{
    return work.forced ? rounded<F>(value) : value;
}

enum { FEW = 4, MANY = 32 };

/* Does `act(slot, col)` for the thread's columns of the first `count`. */
template <int PER, class Act> static __device__ __forceinline__ void for_columns(int count, Act act)
{
    int lane = threadIdx.x % WARP;

    if constexpr (PER == 0) {
        for (int col = lane; col < count; col += WARP)
            act(0, col);
    } else {
#pragma unroll
        for (int i = 0; i < PER; i++)
            if (lane + i * WARP < count)
                act(i, lane + i * WARP);
    }
}

template <Format F>
static __device__ __forceinline__ void put(const CausalWork &work, int example, int col,
                                           float value, Seen *seen)
{
    if (work.counter.tally != NULL)
        count_value(work.counter.edges, seen, value);
    store_at<F>(work.out, example, col, value);
}

/* `begin`: the column where the row begins. */
template <Format F, int PER>
static __device__ void forward_row(const CausalWork &work, int example, int begin, int count,
                                   Seen *seen)
{
    float x[PER + 1] = {}, most = -INFINITY, sum = 0.0f;
    auto number = [&](int i, int col) {
        return PER > 0 ? x[i] : load_at<F>(work.in, example, begin + col);
    };

    for_columns<PER>(count, [&](int i, int col) {
        x[i] = load_at<F>(work.in, example, begin + col);
        most = x[i] > most || isnan(x[i]) ? x[i] : most;
    });
    most = work.unstable ? 0.0f : warp_largest(most);
    for_columns<PER>(count, [&](int i, int col) {
        x[i] = low<F>(work, expf(low<F>(work, number(i, col) - most)));
        sum += x[i];
    });
    sum = low<F>(work, warp_sum_all(sum));
    for_columns<PER>(count, [&](int i, int col) {
        float e = PER > 0 ? x[i] : low<F>(work, expf(low<F>(work, number(i, col) - most)));

        put<F>(work, example, begin + col, low<F>(work, e / sum), seen);
    });
}

template <Format F, int PER>
static __device__ void backward_row(const CausalWork &work, int example, int begin, int count,
                                    Seen *seen)
{
    float out[PER + 1] = {}, along[PER + 1] = {}, sum = 0.0f;

    for_columns<PER>(count, [&](int i, int col) {
        out[i] = load_at<F>(work.saved, example, begin + col);
        along[i] = low<F>(work, load_at<F>(work.in, example, begin + col) * out[i]);
        sum += along[i];
    });
    sum = low<F>(work, warp_sum_all(sum));
    for_columns<PER>(count, [&](int i, int col) {
        if (PER == 0) {
            out[i] = load_at<F>(work.saved, example, begin + col);
            along[i] = low<F>(work, load_at<F>(work.in, example, begin + col) * out[i]);
        }
        put<F>(work, example, begin + col, low<F>(work, along[i] - low<F>(work, out[i] * sum)),
               seen);
    });
}

template <Format F, bool BACKWARD, int PER>
static __global__ void __launch_bounds__(THREADS)
    causal_kernel(const __grid_constant__ CausalWork work)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int row = (blockIdx.x * THREADS + threadIdx.x) / WARP; row < work.rows;
         row += gridDim.x * THREADS / WARP) {
        int each = work.out.cols / work.time, example = row / each;
        int begin = row % each * work.time, count = row % work.time + 1;

        BACKWARD ? backward_row<F, PER>(work, example, begin, count, &seen)
                 : forward_row<F, PER>(work, example, begin, count, &seen);
        for (int col = count + threadIdx.x % WARP; col < work.time; col += WARP)
            put<F>(work, example, begin + col, 0.0f, &seen);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

template <Format F, bool BACKWARD> static void launch(Plan *plan, const CausalWork &work)
{
    int blocks = plan_blocks(plan, (int64_t)work.rows * WARP, 1);
    cudaStream_t stream = plan->backend->stream;

    if (work.time <= FEW * WARP)
        causal_kernel<F, BACKWARD, FEW><<<blocks, THREADS, 0, stream>>>(work);
    else if (work.time <= MANY * WARP)
        causal_kernel<F, BACKWARD, MANY><<<blocks, THREADS, 0, stream>>>(work);
    else
        causal_kernel<F, BACKWARD, 0><<<blocks, THREADS, 0, stream>>>(work);
}

template <bool BACKWARD> static Status run(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    const int64_t *shape = plan_value(plan, of->out)->shape;
    CausalWork work = {};

    work.in = plan->arrays[(size_t)of->in[0]];
    if (BACKWARD)
        work.saved = plan->arrays[(size_t)of->in[1]];
    work.out = plan->arrays[(size_t)of->out];
    work.counter = plan_counter(plan, instr);
    work.state = plan->state;
    work.forced = is_forced(plan, instr);
    work.unstable = work.forced && of->constants[LOW_UNSTABLE] != 0.0;
    work.time = (int)shape[3];
    work.rows = (int)(shape[0] * shape[1] * shape[2]);
    if (plan->low == FORMAT_BF16)
        launch<FORMAT_BF16, BACKWARD>(plan, work);
    else
        launch<FORMAT_FP16, BACKWARD>(plan, work);
    return cuda_launched(plan->backend, "a causal softmax started");
}

Status cuda_causal_softmax(Plan *plan, int instr)
{
    return run<false>(plan, instr);
}

Status cuda_causal_softmax_backward(Plan *plan, int instr)
{
    return run<true>(plan, instr);
}
