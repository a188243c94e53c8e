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

/* 8 by 8 matrices from shared memory, transposed on the way: four, and two. */
static __device__ __forceinline__ void load_four(const uint16_t *row, uint32_t (&to)[4])
{
#if __CUDA_ARCH__ >= 750
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);

    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address));
#endif
}

static __device__ __forceinline__ void load_two(const uint16_t *row, uint32_t (&to)[2])
{
#if __CUDA_ARCH__ >= 750
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);

    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(to[0]), "=r"(to[1])
                 : "r"(address));
#endif
}

/* One chunk into a warp's sums: all rows of the tile, eight of its columns. */
template <Format F>
static __device__ __forceinline__ void multiply_chunk(const Bench *bench, Sums *sums)
{
    int lane = threadIdx.x % WARP, col = threadIdx.x / WARP * MMA_COLS;

#pragma unroll
    for (int k = 0; k < CHUNK; k += MMA_K) {
        uint32_t a[4], b[2];

        load_four(&bench->dout[k + lane / 16 * 8 + lane % 8][lane / 8 % 2 * 8], a);
        load_two(&bench->x[k + lane % 16][col], b);
        mma<F>(sums, a[0], a[1], a[2], a[3], b[0], b[1]);
    }
}

template <Format F>
static __device__ void weight_sums(const TailGrad &grad, Bench *bench, int rows, int row0, int col0)
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
static __device__ void bias_sums(const Array &dout, Bench *bench, int rows, int col0)
{
    int col = threadIdx.x % TILE_COLS;
    float sum = 0.0f;

    for (int first = 0; first < rows; first += SUM_PART) {
        int end = first + SUM_PART < rows ? first + SUM_PART : rows;

        for (int line = threadIdx.x / TILE_COLS; line < SUM_LINES; line += THREADS / TILE_COLS) {
            float set = 0.0f;

            for (int row = first + line; row < end && col0 + col < dout.cols; row += SUM_LINES)
                set += load_at<F>(dout, row, col0 + col);
            bench->sets[line][col] = set;
        }
        __syncthreads();
        float part = bench->sets[0][col];

        for (int line = 1; line < SUM_LINES; line++)
            part += bench->sets[line][col];
        sum = first == 0 ? part : sum + part;
        __syncthreads();
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
    bool found = false;
    double sum = 0.0;
    Seen seen;

    tally_clear(&bench->tally);
    if (tail.grads[segment].x.data != NULL)
        weight_sums<F>(tail.grads[segment], bench, tail.rows, row0, col0);
    else
        bias_sums<F>(tail.grads[segment].dout, bench, tail.rows, col0);
    __syncthreads();
    seen_begin(&seen);
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        values[i] = bench->sums[at.row - row0][at.col - col0 + i];
        values[i] = i < at.count ? values[i] : 0.0f;
        if (i < at.count && s.grad_counter.tally != NULL)
            count_value(s.grad_counter.edges, &bench->tally, &seen, values[i]);
    }
    run_store<F>(s.grad, at, values);
#pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        found = found || !isfinite(values[i]);
        sum += i < at.count ? square_of(values[i], inverse) : 0.0;
    }
    sum = block_sum(sum, bench->warps);
    if (threadIdx.x == 0)
        tail.squares[tile] = sum;
    if (__syncthreads_or(found) && threadIdx.x == 0 && tail.end.scalars->check)
        atomicMin(&tail.end.state->found, segment);
    if (s.grad_counter.tally != NULL)
        counter_finish(s.grad_counter, parity, &seen, &bench->tally, bench->masses);
}

/* Waits until every block of the grid has come here. */
static __device__ void grid_barrier(StepState *state)
{
    __syncthreads();
    if (threadIdx.x == 0) {
        volatile unsigned *released = &state->released;
        unsigned before = *released;

        __threadfence();
        if (atomicAdd(&state->arrived, 1u) == gridDim.x - 1) {
            state->arrived = 0;
            __threadfence();
            *released = before + 1;
        } else {
            while (*released == before)
                ;
        }
        __threadfence();
    }
    __syncthreads();
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
    seen_begin(&seen);
    if (at.count > 0) {
        numbers_move<OP>(state, grads, numbers);
        numbers_store<OP>(s, at, numbers);
        numbers_copy<F>(s, at, numbers, &bench->tally, &seen);
    }
    if (s.copy_counter.tally == NULL)
        return;
    __syncthreads();
    counter_finish(s.copy_counter, next, &seen, &bench->tally, bench->masses);
}

/* What precedes may overlap the first kernel: it reads only what no first kernel writes. */
static __device__ __forceinline__ void wait_for_first_kernel(void)
{
#if __CUDA_ARCH__ >= 900
    cudaGridDependencySynchronize();
#endif
}

/* The mean loss, from the rows' slots; and the end of the step, in a block that has no other work. */
static __device__ void finish(const Tail &tail, Bench *bench)
{
    const Scalars scalars = *tail.end.scalars;
    float mean = loss_finish(tail.end, scalars, bench->warps);

    grid_barrier(tail.end.state);
    step_finish(tail.end, scalars, mean, bench->warps);
}

static __device__ void counts_stay(const Tail &tail, int next)
{
    for (int i = 0; i < tail.end.segment_count; i++)
        if (tail.segments[i].copy_counter.tally != NULL)
            copy_counts_stay(tail.segments[i].copy_counter, next);
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
    wait_for_first_kernel();
    if (first == workers) {
        finish(tail, &bench);
        return;
    }
    int next = tail.end.state->parity ^ 1;
    const StepState state = *tail.end.state;

    grad_tile<F>(tail, segment, first, next ^ 1, state.inverse, &bench, grads);
    for (int tile = first + workers; tile < tail.end.tiles; tile += workers) {
        __align__(16) float others[TILE_RUN];

        __syncthreads();
        grad_tile<F>(tail, tile_segment(tail.segments, tail.end.segment_count, tile), tile,
                     next ^ 1, state.inverse, &bench, others);
    }
    grid_barrier(tail.end.state);
    if (*(volatile int *)&tail.end.state->found != NOT_FOUND) {
        counts_stay(tail, next);
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
    cudaLaunchConfig_t config = {};
    cudaLaunchAttribute overlaps = {};
    int fit = 1, most, blocks;
    void *arguments[] = {(void *)&run->device};
    const void *kernel = end->op == OP_SGD        ? kernel_of<OP_SGD>(plan->low)
                         : end->op == OP_MOMENTUM ? kernel_of<OP_MOMENTUM>(plan->low)
                                                  : kernel_of<OP_ADAM>(plan->low);

    CUDA_TRY(plan->backend, cudaOccupancyMaxActiveBlocksPerMultiprocessor(&fit, kernel, THREADS, 0),
             "a plan was made");
    most = plan->backend->multiprocessors * (fit < MOST_AT_ONCE ? fit : MOST_AT_ONCE);
    blocks = end->tiles + 1 < most ? end->tiles + 1 : most;
    config.gridDim = dim3((unsigned)blocks);
    config.blockDim = dim3(THREADS);
    config.stream = plan->backend->stream;
    overlaps.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlaps.val.programmaticStreamSerializationAllowed = 1;
    config.attrs = &overlaps;
    config.numAttrs = 1;
    return cuda_status(plan->backend, cudaLaunchKernelExC(&config, kernel, arguments),
                       "the gradients of a small network started");
}
