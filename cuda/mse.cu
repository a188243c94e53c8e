/* mse: the mean of (x - target)^2, and its gradient; src/cpu/mse.c.
 *
 * Each block sums its rows into a slot, and one block the slots, in order.
 */
#include "loss.cuh"
#include "map.cuh"

typedef struct MseWork {
    Array x, target;
    double *slots;
    float *loss;
    StepState *state;
} MseWork;

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    squares_kernel(const __grid_constant__ MseWork work)
{
    __shared__ double warps[THREADS / WARP];
    int64_t count = (int64_t)work.x.rows * work.x.cols;
    double sum = 0.0;

    for (int64_t at = (int64_t)blockIdx.x * THREADS + threadIdx.x; at < count;
         at += (int64_t)gridDim.x * THREADS) {
        int row = (int)(at / work.x.cols), col = (int)(at % work.x.cols);
        float difference = load_at<F>(work.x, row, col) - load_at<F>(work.target, row, col);

        sum += (double)(difference * difference);
    }
    sum = block_sum(sum, warps);
    if (threadIdx.x == 0)
        work.slots[blockIdx.x] = sum;
}

static __global__ void __launch_bounds__(THREADS)
    mean_kernel(const __grid_constant__ MseWork work, int slots)
{
    __shared__ double warps[THREADS / WARP];
    double sum = 0.0;

    for (int i = threadIdx.x; i < slots; i += THREADS)
        sum += work.slots[i];
    sum = block_sum(sum, warps);
    if (threadIdx.x == 0)
        *work.loss = work.state->loss = (float)(sum / ((double)work.x.rows * (double)work.x.cols));
}

Status cuda_mse(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    MseWork work = {plan->arrays[of->in[0]], plan->arrays[of->in[1]], plan->mse_slots,
                    (float *)plan->arrays[of->out].data, plan->state};
    int blocks = plan_blocks(plan, (int64_t)work.x.rows * work.x.cols, 1);
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        squares_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(work);
    else
        squares_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(work);
    mean_kernel<<<1, THREADS, 0, stream>>>(work, blocks);
    return cuda_launched(plan->backend, "mse started");
}

Status cuda_mse_backward(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}
