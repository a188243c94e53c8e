/* nll: the mean of -x[label], and its gradient; src/cpu/nll.c. */
#include "loss.cuh"

typedef struct NllWork {
    Array x, target, out;
    Counter counter;
    StepState *state;
    const Scalars *scalars;
    float *slots;
} NllWork;

template <Format F>
static __global__ void __launch_bounds__(THREADS) nll_kernel(const __grid_constant__ NllWork work)
{
    __shared__ double warps[THREADS / WARP];
    float mean;

    for (int row = threadIdx.x; row < work.x.rows; row += THREADS)
        work.slots[row] = -load_at<F>(work.x, row, (int)((const float *)work.target.data)[row]);
    __syncthreads();
    mean = slots_mean(work.slots, work.x.rows, (double)work.x.rows, warps);
    if (threadIdx.x == 0)
        *(float *)work.out.data = work.state->loss = mean;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    nll_backward_kernel(const __grid_constant__ NllWork work)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    float at_label = nll_gradient(work.scalars, work.out.rows);
    int64_t count = (int64_t)work.out.rows * work.out.cols;
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int64_t at = (int64_t)blockIdx.x * THREADS + threadIdx.x; at < count;
         at += (int64_t)gridDim.x * THREADS) {
        int row = (int)(at / work.out.cols), col = (int)(at % work.out.cols);
        float value = col == (int)((const float *)work.target.data)[row] ? at_label : 0.0f;

        if (work.counter.tally != NULL)
            count_value(work.counter.edges, &seen, value);
        store_at<F>(work.out, row, col, value);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

static NllWork work_of(const Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];

    return {plan->arrays[of->in[0]],
            plan->arrays[of->in[1]],
            plan->arrays[of->out],
            plan_counter(plan, instr),
            plan->state,
            plan->store->scalars,
            plan->row_losses};
}

Status cuda_nll(Plan *plan, int instr)
{
    NllWork work = work_of(plan, instr);

    if (plan->low == FORMAT_BF16)
        nll_kernel<FORMAT_BF16><<<1, THREADS, 0, plan->backend->stream>>>(work);
    else
        nll_kernel<FORMAT_FP16><<<1, THREADS, 0, plan->backend->stream>>>(work);
    return cuda_launched(plan->backend, "nll started");
}

Status cuda_nll_backward(Plan *plan, int instr)
{
    NllWork work = work_of(plan, instr);
    int blocks = plan_blocks(plan, (int64_t)work.out.rows * work.out.cols, 1);

    if (plan->low == FORMAT_BF16)
        nll_backward_kernel<FORMAT_BF16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    else
        nll_backward_kernel<FORMAT_FP16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    return cuda_launched(plan->backend, "nll_backward started");
}
