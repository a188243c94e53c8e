/* What the optimizers share: a parameter's tiles, or all parameters' at once ("kernel B"). */
#include "loss.cuh"
#include "step.cuh"
#include "update.cuh"

template <OpKind OP, Format F>
static __device__ __forceinline__ void step_tile(const Segment &s, const StepState &state,
                                                 const TilePlace &at, bool copies, Numbers *numbers,
                                                 Seen *seen)
{
    float grads[TILE_RUN];

    if (at.count == 0)
        return;
    run_load<F>(s.grad, at, grads);
    numbers_move<OP>(state, grads, numbers);
    numbers_store<OP>(s, at, numbers);
    if (copies)
        numbers_copy<F>(s, at, numbers, seen);
}

typedef struct StepWork {
    StepEnd end;
    int first_tile, tiles;
    bool whole; /* all parameters, with low copies for the next step, and the step's end */
} StepWork;

/* The end of a step, beside the blocks that move the weights. */
static __device__ void finish(const StepEnd &end)
{
    __shared__ double warps[THREADS / WARP];
    const Scalars scalars = *end.scalars;
    float loss = end.loss_slots != NULL ? loss_finish(end, scalars, warps) : end.state->loss;

    step_finish(end, scalars, loss, warps);
}

/* A block's first numbers do not wait for the gradients. The first block of a whole step has no tiles. */
template <OpKind OP, Format F>
static __global__ void __launch_bounds__(THREADS, 4)
    step_kernel(const __grid_constant__ StepWork work)
{
    __shared__ Segment segments[MOST_SEGMENTS];
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    int workers = gridDim.x - work.whole, worker = max((int)blockIdx.x - work.whole, 0);
    int tile = work.first_tile + (int)((int64_t)worker * work.tiles / workers);
    int last = work.first_tile + (int)((int64_t)(worker + 1) * work.tiles / workers);
    Numbers numbers;

    fetch_plan(segments, work.end.segments, work.end.segment_count * (int)sizeof(Segment));
    int segment = tile_segment(segments, work.end.segment_count, tile);
    TilePlace at = tile_place(segments[segment], tile);

    if (at.count > 0)
        numbers_load<OP>(segments[segment], at, &numbers);
    wait_for_previous();
    const StepState state = *work.end.state;
    bool skip = state.found != NOT_FOUND;

    if (work.whole && blockIdx.x == 0) {
        finish(work.end);
        last = tile;
    }
    while (tile < last && !skip) {
        const Segment &s = segments[segment];
        int end_tile = min(last, s.first_tile + s.tiles);
        bool counted = work.whole && s.copy_counter.tally != NULL;
        Seen seen;

        seen_begin(&seen, &tally);
        if (counted) {
            tally_clear(&tally);
            __syncthreads();
        }
        while (tile < end_tile) {
            step_tile<OP, F>(s, state, at, work.whole && s.copy.data != NULL, &numbers, &seen);
            if (++tile == last)
                break;
            at = tile < end_tile ? next_place(s, at) : tile_place(segments[++segment], tile);
            if (at.count > 0)
                numbers_load<OP>(segments[segment], at, &numbers);
        }
        if (counted) {
            __syncthreads();
            counter_finish(s.copy_counter, state.next, &seen, &tally, masses);
        }
    }
    if (skip && work.whole)
        copy_counts_stay(segments, work.end, state.next);
}

enum { UNCOUNTED_BLOCKS = 16 }; /* for each multiprocessor, where no slots bound them */

static bool copies_counted(const Plan *plan)
{
    for (const Segment &segment : plan->segments)
        if (segment.copy_counter.tally != NULL)
            return true;
    return false;
}

template <OpKind OP> static const void *kernel_of(Format format)
{
    return format == FORMAT_BF16   ? (const void *)step_kernel<OP, FORMAT_BF16>
           : format == FORMAT_TF32 ? (const void *)step_kernel<OP, FORMAT_TF32>
                                   : (const void *)step_kernel<OP, FORMAT_FP16>;
}

Status step_run(Plan *plan, OpKind op, int first, int last, const StepEnd *whole)
{
    StepWork work = {whole != NULL ? *whole : step_end(plan),
                     plan->segments[(size_t)first].first_tile, 0, whole != NULL};
    void *arguments[] = {&work};
    const void *kernel = op == OP_SGD        ? kernel_of<OP_SGD>(plan->low)
                         : op == OP_MOMENTUM ? kernel_of<OP_MOMENTUM>(plan->low)
                                             : kernel_of<OP_ADAM>(plan->low);
    int most = work.whole && !copies_counted(plan)
                   ? plan->backend->multiprocessors * UNCOUNTED_BLOCKS
                   : plan->mass_slots - 1;

    for (int i = first; i < last; i++)
        work.tiles += plan->segments[(size_t)i].tiles;
    most = (work.tiles < most ? work.tiles : most) + work.whole;
    if (work.whole)
        return launch_early(plan, kernel, most, arguments, "the optimizer started");
    return cuda_status(plan->backend,
                       cudaLaunchKernel(kernel, dim3((unsigned)most), dim3(THREADS), arguments, 0,
                                        plan->backend->stream),
                       "the optimizer started");
}
