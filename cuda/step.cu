/* What the optimizers share: a parameter's tiles, or all parameters' at once ("kernel B"). */
#include "clip.cuh"
#include "fetch.cuh"
#include "loss.cuh"
#include "update.cuh"

template <OpKind OP, Format F, bool CLIPPED>
static __device__ __forceinline__ void step_tile(const Segment &s, const StepState &state,
                                                 const TilePlace &at, const Clip &clip, bool copies,
                                                 float *grads, Numbers *numbers, Seen *seen)
{
    if (at.count == 0)
        return;
    if (CLIPPED) {
        StepState unscaled = state;

        unscaled.inverse = 1.0f;
#pragma unroll
        for (int i = 0; i < TILE_RUN; i++)
            grads[i] = clip_number(clip, state, grads[i]);
        numbers_move<OP>(unscaled, grads, numbers);
    } else {
        numbers_move<OP>(state, grads, numbers);
    }
    numbers_store<OP>(s, at, numbers);
    if (copies)
        numbers_copy<F>(s, at, numbers, seen);
}

typedef struct StepWork {
    StepEnd end;
    int first_tile;
    Runs runs;
    bool whole; /* all parameters, with low copies for the next step, and the step's end */
    Clip clip;
} StepWork;

/* The end of a step, beside the blocks that move the weights. */
static __device__ void finish(const StepEnd &end)
{
    __shared__ double warps[THREADS / WARP];
    const Scalars scalars = *end.scalars;
    float loss = end.loss_slots != NULL ? loss_finish(end, scalars, warps) : end.state->loss;

    step_finish(end, scalars, loss, warps);
}

/* A block's first numbers do not wait for the gradients, and the next tile's come while one is done. The
 * first block of a whole step has no tiles. */
template <OpKind OP, Format F, bool CLIPPED>
static __global__ void __launch_bounds__(THREADS, 4)
    step_kernel(const __grid_constant__ StepWork work)
{
    extern __shared__ Places places[];
    __shared__ Segment segments[MOST_SEGMENTS];
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    int worker = max((int)blockIdx.x - work.whole, 0), turn = 0;
    int tile = work.first_tile + run_first(work.runs, worker);
    int last = work.first_tile + run_first(work.runs, worker + 1);

    fetch_plan(segments, work.end.segments, work.end.segment_count * (int)sizeof(Segment));
    int segment = tile_segment(segments, work.end.segment_count, tile);
    TilePlace at = tile_place(segments[segment], tile);

    numbers_fetch<OP>(segments[segment], at, &places[0]);
    wait_for_previous();
    const StepState state = *work.end.state;
    bool skip = state.found != NOT_FOUND;

    if (work.whole && blockIdx.x == 0) {
        finish(work.end);
        last = tile;
    }
    if (tile < last)
        grads_fetch(segments[segment].grad, at, &places[0]);
    for (; tile < last && !skip; segment++) {
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
            TilePlace now = at;
            Numbers numbers;
            float grads[TILE_RUN];

            __pipeline_commit();
            __pipeline_wait_prior(0);
            numbers_take<OP, F>(s.grad, &places[turn], &numbers, grads);
            if (++tile < last) {
                const Segment &next = segments[segment + (tile == end_tile)];

                at = tile < end_tile ? next_place(s, at) : tile_place(next, tile);
                numbers_fetch<OP>(next, at, &places[turn ^= 1]);
                grads_fetch(next.grad, at, &places[turn]);
            }
            step_tile<OP, F, CLIPPED>(s, state, now, work.clip, work.whole && s.copy.data != NULL,
                                      grads, &numbers, &seen);
        }
        if (counted) {
            __syncthreads();
            counter_finish(s.copy_counter, state.next, &seen, &tally, masses);
        }
    }
    if (skip && work.whole)
        copy_counts_stay(segments, work.end, state.next);
    __pipeline_commit();
    __pipeline_wait_prior(0);
}

enum { UNCOUNTED_BLOCKS = 8 }; /* for each multiprocessor, where no slots bound them */

static bool copies_counted(const Plan *plan)
{
    for (const Segment &segment : plan->segments)
        if (segment.copy_counter.tally != NULL)
            return true;
    return false;
}

/* Where gradients are clipped a step is made of its instructions, and no low copies come from here. */
template <OpKind OP> static const void *kernel_of(Format format, bool clipped)
{
    if (clipped)
        return format == FORMAT_BF16 ? (const void *)step_kernel<OP, FORMAT_BF16, true>
                                     : (const void *)step_kernel<OP, FORMAT_FP16, true>;
    return format == FORMAT_BF16   ? (const void *)step_kernel<OP, FORMAT_BF16, false>
           : format == FORMAT_TF32 ? (const void *)step_kernel<OP, FORMAT_TF32, false>
                                   : (const void *)step_kernel<OP, FORMAT_FP16, false>;
}

Status step_run(Plan *plan, OpKind op, int first, int last, const StepEnd *whole)
{
    StepWork work = {whole != NULL ? *whole : step_end(plan),
                     plan->segments[(size_t)first].first_tile,
                     {},
                     whole != NULL,
                     clip_of(plan)};
    bool clipped = work.clip.kind != CLIPS_NOT;
    const int shared = PLACES * (int)sizeof(Places);
    const char *what = "the optimizer started";
    void *arguments[] = {&work};
    const void *kernel = op == OP_SGD        ? kernel_of<OP_SGD>(plan->low, clipped)
                         : op == OP_MOMENTUM ? kernel_of<OP_MOMENTUM>(plan->low, clipped)
                                             : kernel_of<OP_ADAM>(plan->low, clipped);
    int tiles = 0;
    int blocks = work.whole && !copies_counted(plan)
                     ? plan->backend->multiprocessors * UNCOUNTED_BLOCKS
                     : plan->mass_slots;

    if (!work.whole) { /* of any number a block takes only these */
        work.end.segments += first;
        work.end.segment_count = last - first;
    }
    for (int i = first; i < last; i++)
        tiles += plan->segments[(size_t)i].tiles;
    blocks -= work.whole;
    blocks = tiles < blocks ? tiles : blocks;
    work.runs = runs_of(tiles, blocks);
    blocks += work.whole;
    CUDA_TRY(plan->backend,
             cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
             what);
    if (work.whole)
        return launch_early(plan, kernel, blocks, (size_t)shared, arguments, what);
    return cuda_status(plan->backend,
                       cudaLaunchKernel(kernel, dim3((unsigned)blocks), dim3(THREADS), arguments,
                                        (size_t)shared, plan->backend->stream),
                       what);
}
