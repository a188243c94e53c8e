/* The cross entropy of a step in one kernel: logits from their sums, log_softmax, nll, the scaled loss,
 * and both gradients. A warp for each row; the bits are those of the instructions one by one.
 */
#include "fuse.cuh"
#include "loss.cuh"

/* A number of a stage: counted, rounded, stored; what was stored comes back. */
template <Format F>
static __device__ __forceinline__ float put(const Array &out, const Counter &counter, int row,
                                            int col, float value, Tally *tally, Seen *seen)
{
    if (counter.tally != NULL)
        count_value(counter.edges, tally, seen, value);
    return store_at<F>(out, row, col, value);
}

template <Format F>
static __device__ void loss_row(const Loss &loss, int row, Tally *tallies, Seen *seen)
{
    int lane = threadIdx.x % WARP, cols = loss.logits.cols;
    int label = (int)((const float *)loss.target.data)[row];
    float at_label = nll_gradient(loss.end.scalars, loss.logits.rows);
    float most, log_sum, sum = 0.0f;

    for (int col = lane; col < cols && loss.raw != NULL; col += WARP)
        put<F>(loss.logits, loss.counters[0], row, col,
               loss.raw[(int64_t)row * loss.raw_stride + col] + load_at<F>(loss.bias, 0, col),
               &tallies[0], &seen[0]);
    row_log_sum(
        cols, [&](int col) { return load_at<F>(loss.logits, row, col); }, &most, &log_sum);
    for (int col = lane; col < cols; col += WARP) {
        float x = load_at<F>(loss.logits, row, col) - most - log_sum;

        x = put<F>(loss.out, loss.counters[1], row, col, x, &tallies[1], &seen[1]);
        if (col == label)
            loss.slots[row] = -x; /* added up when the step ends */
        sum += put<F>(loss.out_grad, loss.counters[2], row, col, col == label ? at_label : 0.0f,
                      &tallies[2], &seen[2]);
    }
    sum = warp_sum_all(sum);
    for (int col = lane; col < cols; col += WARP)
        put<F>(loss.logits_grad, loss.counters[3], row, col,
               load_at<F>(loss.out_grad, row, col) - expf(load_at<F>(loss.out, row, col)) * sum,
               &tallies[3], &seen[3]);
}

template <Format F>
static __global__ void __launch_bounds__(THREADS) loss_kernel(const __grid_constant__ Loss loss)
{
    __shared__ Tally tallies[LOSS_STAGES];
    __shared__ Mass masses[THREADS / WARP];
    Seen seen[LOSS_STAGES];

#pragma unroll
    for (int s = 0; s < LOSS_STAGES; s++) {
        seen_begin(&seen[s]);
        if (loss.counters[s].tally != NULL)
            tally_clear(&tallies[s]);
    }
    __syncthreads();
    for (int row = (blockIdx.x * THREADS + threadIdx.x) / WARP; row < loss.logits.rows;
         row += gridDim.x * THREADS / WARP)
        loss_row<F>(loss, row, tallies, seen);
    __syncthreads();
#pragma unroll
    for (int s = 0; s < LOSS_STAGES; s++)
        if (loss.counters[s].tally != NULL)
            counter_finish(loss.counters[s], loss.end.state->parity, &seen[s], &tallies[s], masses);
}

Status loss_run(Plan *plan, const Loss *loss)
{
    int blocks = plan_blocks(plan, (int64_t)loss->logits.rows * WARP, 1);

    if (plan->low == FORMAT_BF16)
        loss_kernel<FORMAT_BF16><<<blocks, THREADS, 0, plan->backend->stream>>>(*loss);
    else
        loss_kernel<FORMAT_FP16><<<blocks, THREADS, 0, plan->backend->stream>>>(*loss);
    return cuda_launched(plan->backend, "the loss started");
}
