/* accumulate: sum += grad over the rounds of a step; src/cpu/accumulate.c has the contract. */
#include "plan.h"

typedef struct SumWork {
    Array grad, sum;
    bool first;
} SumWork;

template <Format F>
static __global__ void __launch_bounds__(THREADS) sum_kernel(const __grid_constant__ SumWork work)
{
    int64_t count = (int64_t)work.grad.rows * work.grad.cols;
    float *sums = (float *)work.sum.data;

    for (int64_t at = (int64_t)blockIdx.x * THREADS + threadIdx.x; at < count;
         at += (int64_t)gridDim.x * THREADS) {
        float grad = load_at<F>(work.grad, (int)(at / work.grad.cols), (int)(at % work.grad.cols));

        sums[at] = work.first ? grad : sums[at] + grad;
    }
}

Status cuda_accumulate(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    SumWork work = {plan->arrays[(size_t)of->in[0]], plan->arrays[(size_t)of->out],
                    plan->round == 0};
    int blocks = plan_blocks(plan, (int64_t)work.grad.rows * work.grad.cols, 1);

    if (plan->low == FORMAT_BF16)
        sum_kernel<FORMAT_BF16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    else
        sum_kernel<FORMAT_FP16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    return cuda_launched(plan->backend, "gradients were added up");
}

static __global__ void loss_sum_kernel(StepState *state, bool first)
{
    state->loss_sum = (first ? 0.0 : state->loss_sum) + (double)state->loss;
}

Status loss_sum_add(Plan *plan, int round)
{
    loss_sum_kernel<<<1, 1, 0, plan->backend->stream>>>(plan->state, round == 0);
    return cuda_launched(plan->backend, "losses were added up");
}
