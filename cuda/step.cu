/* What the optimizers share: a parameter's tiles, or all parameters' at once ("kernel B"). */
#include "step.cuh"

template <OpKind OP, Format F>
static __device__ __forceinline__ void step_tile(const Segment &s, const StepState &state,
                                                 const TilePlace &at, bool copies, Tally *tally,
                                                 Seen *seen)
{
    Numbers numbers;
    float grads[TILE_RUN];

    if (at.count == 0)
        return;
    numbers_load<OP>(s, at, &numbers);
    run_load<F>(s.grad, at, grads);
    numbers_move<OP>(state, grads, &numbers);
    numbers_store<OP>(s, at, &numbers);
    if (copies)
        numbers_copy<F>(s, at, &numbers, tally, seen);
}

typedef struct StepWork {
    const Segment *segments;
    const StepState *state;
    int count, first_tile, tiles; /* segments in all; tiles to take */
    bool copies;
} StepWork;

template <OpKind OP, Format F>
static __global__ void __launch_bounds__(THREADS) step_kernel(const __grid_constant__ StepWork work)
{
    __shared__ Segment segments[MOST_SEGMENTS];
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    int tile = work.first_tile + (int)((int64_t)blockIdx.x * work.tiles / gridDim.x);
    int last = work.first_tile + (int)((int64_t)(blockIdx.x + 1) * work.tiles / gridDim.x);
    const StepState state = *work.state;
    bool skip = state.found != NOT_FOUND;

    fetch_plan(segments, work.segments, work.count * (int)sizeof(Segment));
    while (tile < last && !skip) {
        const Segment &s = segments[tile_segment(segments, work.count, tile)];
        int end_tile = min(last, s.first_tile + s.tiles);
        bool counted = work.copies && s.copy_counter.tally != NULL;
        Seen seen;

        seen_begin(&seen);
        if (counted) {
            tally_clear(&tally);
            __syncthreads();
        }
        for (; tile < end_tile; tile++)
            step_tile<OP, F>(s, state, tile_place(s, tile), work.copies && s.copy.data != NULL,
                             &tally, &seen);
        if (counted) {
            __syncthreads();
            counter_finish(s.copy_counter, state.parity, &seen, &tally, masses);
        }
    }
    for (int i = 0; i < work.count && skip && work.copies; i++)
        if (segments[i].copy_counter.tally != NULL)
            copy_counts_stay(segments[i].copy_counter, state.parity);
}

template <OpKind OP> static void launch(Plan *plan, const StepWork *work)
{
    int blocks = work->tiles < plan->mass_slots ? work->tiles : plan->mass_slots;
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        step_kernel<OP, FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(*work);
    else if (plan->low == FORMAT_TF32)
        step_kernel<OP, FORMAT_TF32><<<blocks, THREADS, 0, stream>>>(*work);
    else
        step_kernel<OP, FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(*work);
}

Status step_run(Plan *plan, OpKind op, int first, int last, bool copies)
{
    StepWork work = {plan->device_segments,
                     plan->state,
                     (int)plan->segments.size(),
                     plan->segments[(size_t)first].first_tile,
                     0,
                     copies};

    for (int i = first; i < last; i++)
        work.tiles += plan->segments[(size_t)i].tiles;
    if (op == OP_SGD)
        launch<OP_SGD>(plan, &work);
    else if (op == OP_MOMENTUM)
        launch<OP_MOMENTUM>(plan, &work);
    else
        launch<OP_ADAM>(plan, &work);
    return cuda_launched(plan->backend, "the optimizer started");
}
