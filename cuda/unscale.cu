/* unscale: is any value of a gradient inf or nan?  src/cpu/unscale.c has the contract.
 *
 * "Kernel A" does it for all parameters at once, and first rounds their fp32 sums into the gradients'
 * format and counts that.
 */
#include "step.cuh"

typedef struct GradsWork {
    const Segment *segments;
    StepState *state;
    const Scalars *scalars;
    double *squares;
    int count, whole; /* segments; tiles whose sums are whole, not in parts */
} GradsWork;

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    unscale_kernel(const __grid_constant__ StepEnd end, const __grid_constant__ Segment s,
                   double *squares, int segment)
{
    __shared__ double warps[THREADS / WARP];
    float inverse = end.state->inverse;
    bool found = false;

    for (int tile = s.first_tile + blockIdx.x; tile < s.first_tile + s.tiles; tile += gridDim.x) {
        TilePlace at = tile_place(s, tile);
        float values[TILE_RUN];
        double sum;

        run_load<F>(s.grad, at, values);
        sum = block_sum(look(values, at.count, inverse, &found), warps);
        if (threadIdx.x == 0)
            squares[tile] = sum;
    }
    if (__syncthreads_or(found) && threadIdx.x == 0 && end.scalars->check)
        atomicMin(&end.state->found, segment);
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

/* What a block has seen of a segment, and its sums, in turns, so that one barrier a tile is enough. */
typedef struct Sight {
    Seen seen;
    bool found;
    int turn;
} Sight;

/* Rounds, stores, counts and looks at one tile. */
template <Format F>
static __device__ __forceinline__ void grads_tile(const Segment &s, int tile, const TilePlace &at,
                                                  float inverse, float *values, Sight *sight,
                                                  double *squares, double (*warps)[THREADS / WARP])
{
    double *mine = warps[sight->turn ^= 1], sum;

    if (s.grad_counter.tally != NULL) {
#pragma unroll
        for (int i = 0; i < TILE_RUN; i++)
            if (i < at.count)
                count_value(s.grad_counter.edges, &sight->seen, values[i]);
    }
    run_store<F>(s.grad, at, values);
    sum = warp_sum(look(values, at.count, inverse, &sight->found));
    if (threadIdx.x % WARP == 0)
        mine[threadIdx.x / WARP] = sum;
    __syncthreads();
    if (threadIdx.x == 0)
        squares[tile] = warps_sum(mine);
}

/* Neighbouring tiles; the next is on its way while one is done. */
template <Format F>
static __device__ __forceinline__ void grads_tiles(const Segment &s, int tile, int last,
                                                   float inverse, Sight *sight, double *squares,
                                                   double (*warps)[THREADS / WARP])
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
        grads_tile<F>(s, tile, now, inverse, values, sight, squares, warps);
    }
}

template <Format F>
static __device__ void parts_tiles(const Segment &s, int tile, float inverse, Sight *sight,
                                   double *squares, double (*warps)[THREADS / WARP],
                                   float (*staged)[TILE_COLS])
{
    for (; tile < s.first_tile + s.tiles; tile += gridDim.x) {
        TilePlace at = tile_place(s, tile);
        float values[TILE_RUN] = {};

        parts_load(s, at, staged, values);
        grads_tile<F>(s, tile, at, inverse, values, sight, squares, warps);
    }
}

/* What a block takes of all tiles: a run of those that are whole; and some of those in parts, which take
 * long, in turn with the other blocks. */
typedef struct Share {
    int first, last;  /* of the whole ones, numbered without the others */
    int whole, parts; /* tiles of the segments before the present one */
} Share;

/* The block's tiles in a segment, first .. last - 1 where they are whole; false: it has none. */
static __device__ __forceinline__ bool share_of(Share *share, const Segment &s, int *first,
                                                int *last)
{
    int turns = gridDim.x;

    if (s.parts > 1) {
        *first = s.first_tile + ((int)blockIdx.x + turns - share->parts % turns) % turns;
        *last = s.first_tile + s.tiles;
        share->parts += s.tiles;
        return *first < *last;
    }
    *first = s.first_tile + max(share->first - share->whole, 0);
    *last = s.first_tile + min(share->last - share->whole, s.tiles);
    share->whole += s.tiles;
    return *first < *last;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS, 4)
    grads_kernel(const __grid_constant__ GradsWork work)
{
    __shared__ Segment segments[MOST_SEGMENTS];
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    __shared__ double warps[2][THREADS / WARP];
    __shared__ float staged[TILE_ROWS][TILE_COLS];
    int parity = work.state->parity, first, last;
    float inverse = work.state->inverse;
    Share share = {(int)((int64_t)blockIdx.x * work.whole / gridDim.x),
                   (int)((int64_t)(blockIdx.x + 1) * work.whole / gridDim.x), 0, 0};

    let_next_start();
    fetch_plan(segments, work.segments, work.count * (int)sizeof(Segment));
    for (int i = 0; i < work.count; i++) {
        const Segment s = segments[i];
        Sight sight = {};

        if (!share_of(&share, s, &first, &last))
            continue;
        tally_clear(&tally);
        seen_begin(&sight.seen, &tally);
        __syncthreads();
        if (s.parts > 1)
            parts_tiles<F>(s, first, inverse, &sight, work.squares, warps, staged);
        else
            grads_tiles<F>(s, first, last, inverse, &sight, work.squares, warps);
        if (__syncthreads_or(sight.found) && threadIdx.x == 0 && work.scalars->check)
            atomicMin(&work.state->found, i);
        if (s.grad_counter.tally != NULL)
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
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        unscale_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(
            step_end(plan), plan->segments[(size_t)segment], plan->squares, segment);
    else
        unscale_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(
            step_end(plan), plan->segments[(size_t)segment], plan->squares, segment);
    return cuda_launched(plan->backend, "gradients were looked at");
}

Status grads_run(Plan *plan)
{
    GradsWork work = {plan->device_segments,      plan->state,
                      plan->store->scalars,       plan->squares,
                      (int)plan->segments.size(), 0};
    int blocks = tile_blocks(plan, plan->tiles);
    cudaStream_t stream = plan->backend->stream;

    for (const Segment &segment : plan->segments)
        work.whole += segment.parts > 1 ? 0 : segment.tiles;
    if (plan->low == FORMAT_BF16)
        grads_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(work);
    else
        grads_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(work);
    return cuda_launched(plan->backend, "gradients were looked at");
}
