/* unscale: is any value of a gradient inf or nan?  src/cpu/unscale.c has the contract.
 *
 * "Kernel A" does it for all parameters at once, and first rounds their fp32 sums into the gradients'
 * format and counts that; its last block ends the step.
 */
#include "loss.cuh"
#include "step.cuh"
#include "update.cuh"

/* Looks at one thread's numbers of a tile: sum of squares, and whether any is inf or nan. */
template <Format F>
static __device__ __forceinline__ double look(const Array &grad, const TilePlace &at, float inverse,
                                              bool *found)
{
    double sum = 0.0;
    float values[TILE_RUN];

    run_load<F>(grad, at, values);
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        *found = *found || !isfinite(values[i]);
        sum += i < at.count ? square_of(values[i], inverse) : 0.0;
    }
    return sum;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    unscale_kernel(const __grid_constant__ StepEnd end, const __grid_constant__ Segment s,
                   double *squares, int segment)
{
    __shared__ double warps[THREADS / WARP];
    float inverse = end.state->inverse;
    bool found = false;

    for (int tile = s.first_tile + blockIdx.x; tile < s.first_tile + s.tiles; tile += gridDim.x) {
        double sum = block_sum(look<F>(s.grad, tile_place(s, tile), inverse, &found), warps);

        if (threadIdx.x == 0)
            squares[tile] = sum;
    }
    if (__syncthreads_or(found) && threadIdx.x == 0 && end.scalars->check)
        atomicMin(&end.state->found, segment);
}

enum { PARTS_AT_ONCE = 8 };

/* Parts of a sum, in their order; fetched some at a time, for they are far. */
static __device__ __forceinline__ void sum_parts_of(const float *raw, int parts, int stride,
                                                    int count, float *values)
{
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        values[i] = i < count ? raw[i] : 0.0f;
    for (int first = 1; first < parts; first += PARTS_AT_ONCE) {
        float more[PARTS_AT_ONCE][TILE_RUN];

#pragma unroll
        for (int p = 0; p < PARTS_AT_ONCE; p++)
#pragma unroll
            for (int i = 0; i < TILE_RUN; i++)
                more[p][i] =
                    first + p < parts && i < count ? raw[(int64_t)(first + p) * stride + i] : 0.0f;
#pragma unroll
        for (int p = 0; p < PARTS_AT_ONCE; p++)
#pragma unroll
            for (int i = 0; i < TILE_RUN; i++)
                values[i] = first + p < parts ? values[i] + more[p][i] : values[i];
    }
}

/* A gradient's sums: those of a bias come in parts. */
static __device__ __forceinline__ void raw_load(const Segment &s, const TilePlace &at,
                                                float *values)
{
    const float *raw = s.raw + (int64_t)at.row * s.raw_stride + at.col;

    if (s.parts == 1 && at.count == TILE_RUN && s.raw_stride % 4 == 0) {
        *(float4 *)values = *(const float4 *)raw;
        return;
    }
    sum_parts_of(raw, s.parts, s.grad.cols, at.count, values);
}

/* Rounds, stores and counts one thread's numbers of a tile, then looks at them. */
template <Format F>
static __device__ __forceinline__ double grads_tile(const Segment &s, const TilePlace &at,
                                                    float inverse, Tally *tally, Seen *seen,
                                                    bool *found)
{
    double sum = 0.0;
    __align__(16) float values[TILE_RUN];

    raw_load(s, at, values);
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        if (i < at.count && s.grad_counter.tally != NULL)
            count_value(s.grad_counter.edges, tally, seen, values[i]);
    run_store<F>(s.grad, at, values);
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        *found = *found || !isfinite(values[i]);
        sum += i < at.count ? square_of(values[i], inverse) : 0.0;
    }
    return sum;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    grads_kernel(const __grid_constant__ StepEnd end, const Segment *table, double *squares)
{
    __shared__ Segment segments[MOST_SEGMENTS];
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    __shared__ double warps[THREADS / WARP];
    int tile = (int)((int64_t)blockIdx.x * end.tiles / gridDim.x);
    int last = (int)((int64_t)(blockIdx.x + 1) * end.tiles / gridDim.x);
    int parity = end.state->parity;
    float inverse = end.state->inverse;

    const Scalars scalars = *end.scalars;
    float loss = end.state->loss;

    fetch_plan(segments, table, end.segment_count * (int)sizeof(Segment));
    while (tile < last) {
        int segment = tile_segment(segments, end.segment_count, tile);
        const Segment &s = segments[segment];
        int end_tile = min(last, s.first_tile + s.tiles);
        bool found = false;
        Seen seen;

        seen_begin(&seen);
        tally_clear(&tally);
        __syncthreads();
        for (; tile < end_tile; tile++) {
            double sum = block_sum(
                grads_tile<F>(s, tile_place(s, tile), inverse, &tally, &seen, &found), warps);

            if (threadIdx.x == 0)
                squares[tile] = sum;
        }
        if (__syncthreads_or(found) && threadIdx.x == 0 && end.scalars->check)
            atomicMin(&end.state->found, segment);
        if (s.grad_counter.tally != NULL)
            counter_finish(s.grad_counter, parity, &seen, &tally, masses);
    }
    if (!is_last_block(&end.state->ticket))
        return;
    if (end.loss_slots != NULL)
        loss = loss_finish(end, scalars, warps);
    step_finish(end, scalars, loss, warps);
}

static int tile_blocks(const Plan *plan, int tiles)
{
    return tiles < plan->mass_slots ? tiles : plan->mass_slots;
}

Status cuda_unscale(Plan *plan, int instr)
{
    int segment = plan_segment(plan, plan->program.instrs[instr].in[0]);
    int blocks = tile_blocks(plan, plan->segments[segment].tiles);
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        unscale_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(
            step_end(plan), plan->segments[(size_t)segment], plan->squares, segment);
    else
        unscale_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(
            step_end(plan), plan->segments[(size_t)segment], plan->squares, segment);
    return cuda_launched(plan->backend, "gradients were looked at");
}

Status grads_run(Plan *plan, const StepEnd *end)
{
    int blocks = tile_blocks(plan, plan->tiles);
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        grads_kernel<FORMAT_BF16>
            <<<blocks, THREADS, 0, stream>>>(*end, plan->device_segments, plan->squares);
    else
        grads_kernel<FORMAT_FP16>
            <<<blocks, THREADS, 0, stream>>>(*end, plan->device_segments, plan->squares);
    return cuda_launched(plan->backend, "gradients were looked at");
}
