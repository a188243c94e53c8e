/* unscale: is any value of a gradient inf or nan?  src/cpu/unscale.c has the contract.
 *
 * "Kernel A" does it for all parameters at once, and first rounds their fp32 sums into the gradients'
 * format and counts that.
 */
#include "clip.cuh"
#include "step.cuh"

typedef struct GradsWork {
    const Segment *segments;
    StepState *state;
    const Scalars *scalars;
    double *squares;
    int first, count; /* segments */
    int helpers;      /* blocks that take the tiles whose sums are in parts, and only those */
    Runs runs;        /* of the others, for each block */
} GradsWork;

static __device__ __forceinline__ bool has_nan(const float *values)
{
    bool nan = false;

#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        nan = nan || isnan(values[i]);
    return nan;
}

/* Infinities that a clip of the scaled values has held down already are none: nan_only. */
template <Format F>
static __global__ void __launch_bounds__(THREADS)
    unscale_kernel(const __grid_constant__ StepEnd end, const __grid_constant__ Segment s,
                   double *squares, int segment, bool nan_only)
{
    __shared__ double warps[THREADS / WARP];
    float inverse = end.state->inverse;
    bool found = false, odd = false;

    for (int tile = s.first_tile + blockIdx.x; tile < s.first_tile + s.tiles; tile += gridDim.x) {
        TilePlace at = tile_place(s, tile);
        float values[TILE_RUN];
        double sum;

        run_load<F>(s.grad, at, values);
        sum = block_sum(look(values, at.count, inverse, &odd), warps);
        if (threadIdx.x == 0)
            squares[tile] = sum;
        found = found || (nan_only ? has_nan(values) : odd);
    }
    if (__syncthreads_or(found) && threadIdx.x == 0)
        note_found(end.state, end.scalars, segment);
}

/* The sums of a bias's gradient, in parts, to be added in their order: all threads fetch some. */
static __device__ void parts_load(const Segment &s, const TilePlace &at, float (*staged)[TILE_COLS],
                                  float *values)
{
    int line = threadIdx.x / (TILE_COLS / TILE_RUN);
    int col = threadIdx.x % (TILE_COLS / TILE_RUN) * TILE_RUN;

    for (int first = 0; first < s.parts; first += TILE_ROWS) {
        const float *raw = s.raw + (int64_t)(first + line) * s.grad.cols + at.col;

#pragma unroll
        for (int i = 0; i < TILE_RUN; i++)
            staged[line][col + i] =
                first + line < s.parts && at.col + i < s.grad.cols ? raw[i] : 0.0f;
        __syncthreads();
        for (int part = 0; part < TILE_ROWS && first + part < s.parts && at.count > 0; part++)
#pragma unroll
            for (int i = 0; i < TILE_RUN; i++)
                values[i] =
                    first + part == 0 ? staged[part][col + i] : values[i] + staged[part][col + i];
        __syncthreads();
    }
}

/* The sums of other gradients. */
static __device__ __forceinline__ void raw_load(const Segment &s, const TilePlace &at,
                                                float *values)
{
    const float *raw = s.raw + (int64_t)at.row * s.raw_stride + at.col;

    if (at.count == TILE_RUN && s.raw_stride % 4 == 0) {
        *(float4 *)values = *(const float4 *)raw;
        return;
    }
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        values[i] = i < at.count ? raw[i] : 0.0f;
}

enum { SUMS_AT_ONCE = 8 }; /* tiles */

typedef struct Sums {
    double warps[SUMS_AT_ONCE][THREADS / WARP];
} Sums;

/* What a block has seen of a segment, and how many tiles' sums wait to be added up. */
typedef struct Sight {
    Seen seen;
    bool found;
    int waiting;
} Sight;

/* Adds up the sums of the last tiles, `apart` from one to the next; all threads. */
static __device__ __forceinline__ void sums_finish(Sums *sums, Sight *sight, int tile, int apart,
                                                   double *squares)
{
    int back = sight->waiting - 1 - (int)threadIdx.x;

    __syncthreads();
    if (back >= 0)
        squares[tile - back * apart] = warps_sum(sums->warps[threadIdx.x]);
    __syncthreads();
    sight->waiting = 0;
}

/* Rounds, stores, counts and looks at one tile. */
template <Format F>
static __device__ __forceinline__ void grads_tile(const Segment &s, const TilePlace &at,
                                                  float inverse, float *values, Sight *sight,
                                                  Sums *sums)
{
    double sum;

    if (s.grad_counter.tally != NULL && at.count == TILE_RUN) {
        count_four(s.grad_counter.edges, &sight->seen, values);
    } else if (s.grad_counter.tally != NULL) {
#pragma unroll
        for (int i = 0; i < TILE_RUN; i++)
            if (i < at.count)
                count_value(s.grad_counter.edges, &sight->seen, values[i]);
    }
    run_store<F>(s.grad, at, values);
    sum = warp_sum(look(values, at.count, inverse, &sight->found));
    if (threadIdx.x % WARP == 0)
        sums->warps[sight->waiting][threadIdx.x / WARP] = sum;
    sight->waiting++;
}

/* Neighbouring tiles; the next is on its way while one is done. */
template <Format F>
static __device__ __forceinline__ void grads_tiles(const Segment &s, int tile, int last,
                                                   float inverse, Sight *sight, Sums *sums,
                                                   double *squares)
{
    __align__(16) float values[TILE_RUN], next[TILE_RUN];
    TilePlace at = tile_place(s, tile);

    raw_load(s, at, next);
    for (; tile < last; tile++) {
        TilePlace now = at;

#pragma unroll
        for (int i = 0; i < TILE_RUN; i++)
            values[i] = next[i];
        if (tile + 1 < last) {
            at = next_place(s, at);
            raw_load(s, at, next);
        }
        grads_tile<F>(s, now, inverse, values, sight, sums);
        if (sight->waiting == SUMS_AT_ONCE || tile + 1 == last)
            sums_finish(sums, sight, tile, 1, squares);
    }
}

/* A gradient that its own kernel has rounded and counted. */
template <Format F>
static __device__ void stored_tiles(const Segment &s, int tile, int last, float inverse,
                                    Sight *sight, Sums *sums, double *squares)
{
    for (; tile < last; tile++) {
        TilePlace at = tile_place(s, tile);
        float values[TILE_RUN];
        double sum;

        run_load<F>(s.grad, at, values);
        sum = warp_sum(look(values, at.count, inverse, &sight->found));
        if (threadIdx.x % WARP == 0)
            sums->warps[0][threadIdx.x / WARP] = sum;
        sight->waiting = 1;
        sums_finish(sums, sight, tile, 1, squares);
    }
}

template <Format F>
static __device__ void parts_tiles(const Segment &s, int tile, int turns, float inverse,
                                   Sight *sight, Sums *sums, double *squares,
                                   float (*staged)[TILE_COLS])
{
    for (; tile < s.first_tile + s.tiles; tile += turns) {
        TilePlace at = tile_place(s, tile);
        float values[TILE_RUN] = {};

        parts_load(s, at, staged, values);
        grads_tile<F>(s, at, inverse, values, sight, sums);
        if (sight->waiting == SUMS_AT_ONCE || tile + turns >= s.first_tile + s.tiles)
            sums_finish(sums, sight, tile, turns, squares);
    }
}

/* What a block takes of all tiles: a run of those that are whole; or, as one of the first blocks, some of
 * those in parts, which take long, in turn with the others of them. */
typedef struct Share {
    int first, last;  /* of the whole ones, numbered without the others */
    int whole, parts; /* tiles of the segments before the present one */
} Share;

static __device__ __forceinline__ Share share_begin(const GradsWork &work)
{
    int worker = (int)blockIdx.x - work.helpers;
    Share share = {};

    if (worker < 0)
        return share;
    share.first = run_first(work.runs, worker);
    share.last = run_first(work.runs, worker + 1);
    return share;
}

/* The block's tiles in a segment, first .. last - 1 where they are whole; false: it has none. */
static __device__ __forceinline__ bool share_of(Share *share, const Segment &s, int helpers,
                                                int *first, int *last)
{
    bool helps = (int)blockIdx.x<helpers, in_parts = s.parts> 1;
    int before = in_parts ? share->parts : share->whole;

    share->parts += in_parts ? s.tiles : 0;
    share->whole += in_parts ? 0 : s.tiles;
    if (helps != in_parts)
        return false;
    *last = s.first_tile + s.tiles;
    if (helps) {
        *first = s.first_tile + (int)(blockIdx.x + helpers - before % helpers) % helpers;
    } else {
        *first = s.first_tile + max(share->first - before, 0);
        *last = min(*last, s.first_tile + share->last - before);
    }
    return *first < *last;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS, 4)
    grads_kernel(const __grid_constant__ GradsWork work)
{
    __shared__ Segment segments[MOST_SEGMENTS];
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    __shared__ Sums sums;
    __shared__ float staged[TILE_ROWS][TILE_COLS];
    int first, last;
    Share share = share_begin(work);

    fetch_plan(segments, work.segments, work.count * (int)sizeof(Segment));
    wait_for_previous();
    let_next_start();
    int parity = work.state->parity;
    float inverse = work.state->inverse;
    for (int i = 0; i < work.count; i++) {
        Sight sight = {};

        if (!share_of(&share, segments[i], work.helpers, &first, &last))
            continue;
        const Segment s = segments[i];

        tally_clear(&tally);
        seen_begin(&sight.seen, &tally);
        __syncthreads();
        if (s.raw == NULL)
            stored_tiles<F>(s, first, last, inverse, &sight, &sums, work.squares);
        else if (s.parts > 1)
            parts_tiles<F>(s, first, work.helpers, inverse, &sight, &sums, work.squares, staged);
        else
            grads_tiles<F>(s, first, last, inverse, &sight, &sums, work.squares);
        if (__syncthreads_or(sight.found) && threadIdx.x == 0)
            note_found(work.state, work.scalars, work.first + i);
        if (s.grad_counter.tally != NULL && s.raw != NULL)
            counter_finish(s.grad_counter, parity, &sight.seen, &tally, masses);
    }
}

static int tile_blocks(const Plan *plan, int tiles)
{
    return tiles < plan->mass_slots ? tiles : plan->mass_slots;
}

Status cuda_unscale(Plan *plan, int instr)
{
    int segment = plan_segment(plan, plan->program.instrs[instr].in[0]);
    int blocks = tile_blocks(plan, plan->segments[segment].tiles);
    Clip clip = clip_of(plan);
    bool nan_only = clip.kind == CLIPS_VALUE && clip.scaled;
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        unscale_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(
            step_end(plan), plan->segments[(size_t)segment], plan->squares, segment, nan_only);
    else
        unscale_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(
            step_end(plan), plan->segments[(size_t)segment], plan->squares, segment, nan_only);
    return cuda_launched(plan->backend, "gradients were looked at");
}

/* Blocks for tiles in parts, that all may end at about the same time: such a tile takes as long as some
 * whole ones. */
static int helpers_of(int blocks, int whole, int tiles, int parts)
{
    int64_t cost = (int64_t)tiles * (2 + parts / TILE_ROWS), fair;
    int64_t most = whole > 0 ? blocks - 1 : blocks;

    if (tiles == 0)
        return 0;
    fair = blocks * cost / (whole + cost);
    fair = fair < 1 ? 1 : fair < tiles ? fair : tiles;
    return (int)(fair < most ? fair : most);
}

Status grads_run(Plan *plan, int first, int last)
{
    GradsWork work = {};
    void *arguments[] = {&work};
    const void *kernel = plan->low == FORMAT_BF16 ? (const void *)grads_kernel<FORMAT_BF16>
                                                  : (const void *)grads_kernel<FORMAT_FP16>;
    int whole = 0, parts = 0, most = 1, blocks;

    for (int i = first; i < last; i++) {
        const Segment &segment = plan->segments[(size_t)i];

        whole += segment.parts > 1 ? 0 : segment.tiles;
        parts += segment.parts > 1 ? segment.tiles : 0;
        most = segment.parts > most ? segment.parts : most;
    }
    blocks = tile_blocks(plan, whole + parts);
    work.segments = plan->device_segments + first;
    work.state = plan->state;
    work.scalars = plan->store->scalars;
    work.squares = plan->squares;
    work.first = first;
    work.count = last - first;
    work.helpers = helpers_of(blocks, whole, parts, most);
    work.runs = runs_of(whole, blocks - work.helpers);
    return launch_early(plan, kernel, blocks, 0, arguments, "gradients were looked at");
}
