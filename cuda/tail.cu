/* The second kernel of a small network's step: gradients of the weights, unscale, update, optimizer.
 *
 * A block takes tiles of the parameters. It multiplies their gradients together, rounds, counts and
 * looks at them, waits for all other blocks, and moves the weights, unless found_inf.
 */
#include "walk.cuh"

#include "loss.cuh"
#include "mma.cuh"
#include "step.cuh"
#include "update.cuh"

enum { CHUNK = 64, PAD = 8, WARPS = THREADS / WARP, MOST_AT_ONCE = 2 };

/* A block's operands, some rows of the batch at a time, and its sums. */
typedef struct Bench {
    __align__(16) uint16_t dout[CHUNK][TILE_ROWS + PAD];
    __align__(16) uint16_t x[CHUNK][TILE_COLS + PAD];
    __align__(16) float sums[TILE_ROWS][TILE_COLS + PAD];
    float sets[SUM_LINES][TILE_COLS];
    Tally tally;
    Mass masses[WARPS];
    double warps[WARPS];
} Bench;

static __device__ __forceinline__ void fetch(const Array &from, int row, int col, uint16_t *to)
{
    *(uint4 *)to =
        row < from.rows && col < from.stride
            ? __ldg((const uint4 *)((const uint16_t *)from.data + (int64_t)row * from.stride + col))
            : make_uint4(0, 0, 0, 0);
}

static __device__ __forceinline__ void fetch_chunk(const TailGrad &grad, Bench *bench, int first,
                                                   int row0, int col0)
{
    for (int i = threadIdx.x; i < CHUNK * TILE_ROWS / 8; i += THREADS)
        fetch(grad.dout, first + i / (TILE_ROWS / 8), row0 + i % (TILE_ROWS / 8) * 8,
              &bench->dout[i / (TILE_ROWS / 8)][i % (TILE_ROWS / 8) * 8]);
    for (int i = threadIdx.x; i < CHUNK * TILE_COLS / 8; i += THREADS)
        fetch(grad.x, first + i / (TILE_COLS / 8), col0 + i % (TILE_COLS / 8) * 8,
              &bench->x[i / (TILE_COLS / 8)][i % (TILE_COLS / 8) * 8]);
}

/* One chunk into a warp's sums: all rows of the tile, eight of its columns. */
template <Format F>
static __device__ __forceinline__ void multiply_chunk(const Bench *bench, Sums *sums)
{
    int lane = threadIdx.x % WARP, col = threadIdx.x / WARP * MMA_COLS;

#pragma unroll
    for (int k = 0; k < CHUNK; k += MMA_K) {
        uint32_t a[4];
        Pairs b;

        load_four(&bench->dout[k + lane / 16 * 8 + lane % 8][lane / 8 % 2 * 8], a);
        b = load_pairs(&bench->x[k + lane % 16][col]);
        mma<F>(sums, a[0], a[1], a[2], a[3], b.near, b.far);
    }
}

template <Format F>
static __device__ void weight_sums(const TailGrad grad, Bench *bench, int rows, int row0, int col0)
{
    int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    Sums sums = {};

    for (int first = 0; first < rows; first += CHUNK) {
        if (first > 0)
            __syncthreads();
        fetch_chunk(grad, bench, first, row0, col0);
        __syncthreads();
        multiply_chunk<F>(bench, &sums);
    }
#pragma unroll
    for (int half = 0; half < 2; half++)
        *(float2 *)&bench->sums[lane / 4 + half * 8][warp * MMA_COLS + lane % 4 * 2] =
            make_float2(sums.at[half * 2], sums.at[half * 2 + 1]);
}

/* In the order of linear_db.cu: parts of rows, and lines within them. */
template <Format F>
static __device__ void bias_sums(const Array dout, Bench *bench, int rows, int col0)
{
    int col = threadIdx.x % TILE_COLS;
    float sum = 0.0f;

    for (int first = 0; first < rows; first += SUM_PART) {
        int end = rows - first < SUM_PART ? rows - first : SUM_PART;

        for (int i = threadIdx.x; i < SUM_PART * TILE_COLS / 8; i += THREADS)
            fetch(dout, first + i / (TILE_COLS / 8), col0 + i % (TILE_COLS / 8) * 8,
                  &bench->x[i / (TILE_COLS / 8)][i % (TILE_COLS / 8) * 8]);
        __syncthreads();
        for (int line = threadIdx.x / TILE_COLS; line < SUM_LINES; line += THREADS / TILE_COLS) {
            float set = 0.0f;

            for (int row = line; row < end; row += SUM_LINES)
                set += widen_bits<F>(bench->x[row][col]);
            bench->sets[line][col] = set;
        }
        __syncthreads();
        float part = bench->sets[0][col];

        for (int line = 1; line < SUM_LINES; line++)
            part += bench->sets[line][col];
        sum = first == 0 ? part : sum + part;
    }
    if (threadIdx.x < TILE_COLS)
        bench->sums[0][col] = sum;
}

/* The gradients of one tile: rounded, counted, stored, looked at. `values`: this thread's. */
template <Format F>
static __device__ void grad_tile(const Tail &tail, int segment, int tile, int parity, float inverse,
                                 Bench *bench, float *values)
{
    const Segment &s = tail.segments[segment];
    TilePlace at = tile_place(s, tile);
    int local = tile - s.first_tile, row0 = local / s.tiles_across * TILE_ROWS;
    int col0 = local % s.tiles_across * TILE_COLS;
    const CountEdges edges = s.grad_counter.edges;
    bool found = false, counted = s.grad_counter.tally != NULL;
    double sum;
    Seen seen;

    if (counted)
        tally_clear(&bench->tally);
    if (tail.grads[segment].x.data != NULL)
        weight_sums<F>(tail.grads[segment], bench, tail.rows, row0, col0);
    else
        bias_sums<F>(tail.grads[segment].dout, bench, tail.rows, col0);
    __syncthreads();
    seen_begin(&seen, &bench->tally);
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        values[i] = bench->sums[at.row - row0][at.col - col0 + i];
        values[i] = i < at.count ? values[i] : 0.0f;
        if (counted && i < at.count)
            count_value(edges, &seen, values[i]);
    }
    run_store<F>(s.grad, at, values);
    sum = block_sum(look(values, at.count, inverse, &found), bench->warps);
    if (threadIdx.x == 0)
        tail.squares[tile] = sum;
    if (__syncthreads_or(found) && threadIdx.x == 0)
        note_found(tail.end.state, tail.end.scalars, segment);
    if (counted)
        counter_finish(s.grad_counter, parity, &seen, &bench->tally, bench->masses);
}

/* Waits until every block of the grid has come here; whether any found inf or nan. The last one to come
 * hands that on, which saves a way to memory. */
static __device__ bool grid_barrier(StepState *state)
{
    __shared__ bool found;

    __syncthreads();
    if (threadIdx.x == 0) {
        volatile unsigned *released = &state->released;
        unsigned before = *released, now = before;

        __threadfence();
        if (atomicAdd(&state->arrived, 1u) == gridDim.x - 1) {
            state->arrived = 0;
            __threadfence();
            now = ((before >> 1) + 1) << 1 | (*(volatile int *)&state->found != NOT_FOUND);
            *released = now;
        }
        while (now == before)
            now = *released;
        __threadfence();
        found = now & 1;
    }
    __syncthreads();
    return found;
}

template <OpKind OP, Format F>
static __device__ void move_tile(const Segment &s, const StepState &state, const TilePlace &at,
                                 int next, Numbers *numbers, const float *grads, Bench *bench)
{
    Seen seen;

    if (s.copy_counter.tally != NULL) {
        __syncthreads();
        tally_clear(&bench->tally);
        __syncthreads();
    }
    seen_begin(&seen, &bench->tally);
    if (at.count > 0) {
        numbers_move<OP>(state, grads, numbers);
        numbers_store<OP>(s, at, numbers);
        numbers_copy<F>(s, at, numbers, &seen);
    }
    if (s.copy_counter.tally == NULL)
        return;
    __syncthreads();
    counter_finish(s.copy_counter, next, &seen, &bench->tally, bench->masses);
}

/* The mean loss, from the rows' slots; and the end of the step, in a block that has no other work. */
static __device__ bool finish(const Tail &tail, Bench *bench)
{
    const Scalars scalars = *tail.end.scalars;
    float mean = loss_finish(tail.end, scalars, bench->warps);

    bool found = grid_barrier(tail.end.state);

    step_finish(tail.end, scalars, mean, bench->warps);
    return found;
}

/* The last block ends the step; the others take tiles, the first of which they keep in registers. */
template <OpKind OP, Format F>
static __global__ void __launch_bounds__(THREADS, 2) tail_kernel(const Tail *description)
{
    __shared__ Bench bench;
    __shared__ Tail tail;

    fetch_plan(&tail, description, sizeof tail);
    int workers = gridDim.x - 1, first = blockIdx.x;
    int segment = tile_segment(tail.segments, tail.end.segment_count, min(first, workers - 1));
    TilePlace at = tile_place(tail.segments[segment], first);
    __align__(16) float grads[TILE_RUN];
    Numbers numbers;

    if (first < workers && at.count > 0)
        numbers_load<OP>(tail.segments[segment], at, &numbers);
    wait_for_previous();
    int next = tail.end.state->parity ^ 1;
    const StepState state = *tail.end.state;

    if (first == workers) {
        if (finish(tail, &bench))
            copy_counts_stay(tail.segments, tail.end, next);
        return;
    }

    grad_tile<F>(tail, segment, first, next ^ 1, state.inverse, &bench, grads);
    for (int tile = first + workers; tile < tail.end.tiles; tile += workers) {
        __align__(16) float others[TILE_RUN];

        __syncthreads();
        grad_tile<F>(tail, tile_segment(tail.segments, tail.end.segment_count, tile), tile,
                     next ^ 1, state.inverse, &bench, others);
    }
    if (grid_barrier(tail.end.state)) {
        copy_counts_stay(tail.segments, tail.end, next);
        return;
    }
    move_tile<OP, F>(tail.segments[segment], state, at, next, &numbers, grads, &bench);
    for (int tile = first + workers; tile < tail.end.tiles; tile += workers) {
        const Segment &s = tail.segments[tile_segment(tail.segments, tail.end.segment_count, tile)];

        at = tile_place(s, tile);
        run_load<F>(s.grad, at, grads);
        if (at.count > 0)
            numbers_load<OP>(s, at, &numbers);
        move_tile<OP, F>(s, state, at, next, &numbers, grads, &bench);
    }
}

template <OpKind OP> static const void *kernel_of(Format format)
{
    return format == FORMAT_BF16 ? (const void *)tail_kernel<OP, FORMAT_BF16>
                                 : (const void *)tail_kernel<OP, FORMAT_FP16>;
}

/* All blocks must run at once, for they wait for each other: no more are launched than fit. */
Status tail_run(Plan *plan, const TailRun *run)
{
    const StepEnd *end = &run->tail.end;
    int fit = 1, most, blocks;
    void *arguments[] = {(void *)&run->device};
    const void *kernel = end->op == OP_SGD        ? kernel_of<OP_SGD>(plan->low)
                         : end->op == OP_MOMENTUM ? kernel_of<OP_MOMENTUM>(plan->low)
                                                  : kernel_of<OP_ADAM>(plan->low);

    CUDA_TRY(plan->backend, cudaOccupancyMaxActiveBlocksPerMultiprocessor(&fit, kernel, THREADS, 0),
             "a plan was made");
    most = plan->backend->multiprocessors * (fit < MOST_AT_ONCE ? fit : MOST_AT_ONCE);
    blocks = end->tiles + 1 < most ? end->tiles + 1 : most;
    return launch_early(plan, kernel, blocks, 0, arguments,
                        "the gradients of a small network started");
}
