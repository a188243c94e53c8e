/* conv2d_db: a block sums a channel of the stored dout in fp32, over examples and places, and rounds once;
 * src/cpu/conv2d_db.c.
 *
 * Each thread takes every THREADS-th number in order; then halves of the threads are added up.
 */
#include "places.cuh"

typedef struct DbWork {
    Array dout, out;
    Counter counter;
    const StepState *state;
    int places;
} DbWork;

template <Format F>
static __device__ float channel_sum(const DbWork &work, int channel, float *sums)
{
    int count = work.dout.rows * work.places;
    float sum = 0.0f;

    for (int i = threadIdx.x; i < count; i += THREADS)
        sum += load_at<F>(work.dout, i / work.places, channel * work.places + i % work.places);
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if ((int)threadIdx.x < half)
            sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    sum = sums[0];
    __syncthreads();
    return sum;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS) db_kernel(const __grid_constant__ DbWork work)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    __shared__ float sums[THREADS];
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int channel = blockIdx.x; channel < work.out.cols; channel += gridDim.x) {
        float sum = channel_sum<F>(work, channel, sums);

        if (threadIdx.x != 0)
            continue;
        if (work.counter.tally != NULL)
            count_value(work.counter.edges, &seen, sum);
        store_at<F>(work.out, 0, channel, sum);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

Status cuda_conv2d_db(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    DbWork work = {plan->arrays[(size_t)of->in[0]], plan->arrays[(size_t)of->out],
                   plan_counter(plan, instr), plan->state, 0};
    int blocks = work.out.cols < plan->mass_slots ? work.out.cols : plan->mass_slots;
    cudaStream_t stream = plan->backend->stream;

    work.places = work.dout.cols / work.out.cols;
    if (plan->low == FORMAT_BF16)
        db_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(work);
    else
        db_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(work);
    return cuda_launched(plan->backend, "a convolution's bias was summed");
}
