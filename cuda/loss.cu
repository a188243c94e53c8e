/* The cross entropy of a step in one kernel: logits from their sums, log_softmax, nll, the scaled loss,
 * and both gradients. A warp for each row; the bits are those of the instructions one by one.
 */
#include "fuse.cuh"
#include "loss.cuh"

/* A number of a stage: counted, rounded, stored; what was stored comes back. */
template <Format F, bool COUNTED>
static __device__ __forceinline__ float put(const Array &out, const Counter &counter, int row,
                                            int col, float value, Seen *seen)
{
    if (COUNTED && counter.tally != NULL)
        count_value(counter.edges, seen, value);
    return store_at<F>(out, row, col, value);
}

/* The logits of a row are read often: what fits a lane is kept there. */
template <Format F, bool COUNTED>
static __device__ __forceinline__ void loss_row(const Loss &loss, int row, float at_label,
                                                Seen *seen)
{
    int lane = threadIdx.x % WARP, cols = loss.logits.cols;
    int label = (int)((const float *)loss.target.data)[row];
    float most, log_sum, sum = 0.0f, first[LOSS_STAGES] = {};

    for (int col = lane; col < cols; col += WARP) {
        float x = loss.raw == NULL
                      ? load_at<F>(loss.logits, row, col)
                      : put<F, COUNTED>(loss.logits, loss.counters[0], row, col,
                                        loss.raw[(int64_t)row * loss.raw_stride + col] +
                                            load_at<F>(loss.bias, 0, col),
                                        &seen[0]);

        first[0] = col == lane ? x : first[0];
    }
    auto kept = [&](int stage, const Array &array, int col) {
        return col == lane ? first[stage] : load_at<F>(array, row, col);
    };
    row_log_sum(
        cols, [&](int col) { return kept(0, loss.logits, col); }, &most, &log_sum);
    for (int col = lane; col < cols; col += WARP) {
        float x = kept(0, loss.logits, col) - most - log_sum, dx;

        x = put<F, COUNTED>(loss.out, loss.counters[1], row, col, x, &seen[1]);
        if (col == label)
            loss.slots[row] = -x; /* added up when the step ends */
        dx = put<F, COUNTED>(loss.out_grad, loss.counters[2], row, col,
                             col == label ? at_label : 0.0f, &seen[2]);
        first[1] = col == lane ? x : first[1];
        first[2] = col == lane ? dx : first[2];
        sum += dx;
    }
    sum = warp_sum_all(sum);
    for (int col = lane; col < cols; col += WARP)
        put<F, COUNTED>(loss.logits_grad, loss.counters[3], row, col,
                        kept(2, loss.out_grad, col) - expf(kept(1, loss.out, col)) * sum, &seen[3]);
}

template <Format F, bool COUNTED>
static __global__ void __launch_bounds__(THREADS) loss_kernel(const __grid_constant__ Loss loss)
{
    __shared__ Tally tallies[COUNTED ? LOSS_STAGES : 1];
    __shared__ Mass masses[THREADS / WARP];
    Seen seen[LOSS_STAGES];

#pragma unroll
    for (int s = 0; s < LOSS_STAGES; s++) {
        seen_begin(&seen[s], &tallies[COUNTED ? s : 0]);
        if (COUNTED && loss.counters[s].tally != NULL)
            tally_clear(&tallies[s]);
    }
    __syncthreads();
    wait_for_previous();
    float at_label = nll_gradient(loss.end.scalars, loss.logits.rows);

    for (int row = (blockIdx.x * THREADS + threadIdx.x) / WARP; row < loss.logits.rows;
         row += gridDim.x * THREADS / WARP)
        loss_row<F, COUNTED>(loss, row, at_label, seen);
    if (!COUNTED)
        return;
    __syncthreads();
#pragma unroll
    for (int s = 0; s < LOSS_STAGES; s++)
        if (loss.counters[s].tally != NULL)
            counter_finish(loss.counters[s], loss.end.state->parity, &seen[s], &tallies[s], masses);
}

template <Format F> static const void *kernel_of(bool counted)
{
    return counted ? (const void *)loss_kernel<F, true> : (const void *)loss_kernel<F, false>;
}

Status loss_run(Plan *plan, const Loss *loss)
{
    int blocks = plan_blocks(plan, (int64_t)loss->logits.rows * WARP, 1);
    void *arguments[] = {(void *)loss};
    bool counted = false;

    for (const Counter &counter : loss->counters)
        counted = counted || counter.tally != NULL;
    return launch_early(plan,
                        plan->low == FORMAT_BF16 ? kernel_of<FORMAT_BF16>(counted)
                                                 : kernel_of<FORMAT_FP16>(counted),
                        blocks, 0, arguments, "the loss started");
}
