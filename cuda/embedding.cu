/* embedding and its gradient: src/cpu/embedding.c has the contract, and the same order of sums.
 *
 * A block owns a strip of one row of the gradient. It finds the places where its character stands, some at
 * a time and in their order, and each of its threads adds up the numbers of one column there.
 */
#include "places.cuh"

typedef struct EmbeddingWork {
    Array w;
    const float *ids; /* one for each row of the result */

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        return load_at<F>(w, (int)ids[row], col);
    }
} EmbeddingWork;

Status cuda_embedding(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    EmbeddingWork work = {};

    work.ids = (const float *)plan->arrays[(size_t)of->in[0]].data;
    work.w = plan->arrays[(size_t)of->in[1]];
    return places_run(plan, instr, &work);
}

typedef struct EmbeddingDw {
    Array out, dout;
    const float *ids;
    Counter counter;
    const StepState *state;
} EmbeddingDw;

enum {
    LOOKED_AT = 4,
    CHUNK = LOOKED_AT * THREADS
}; /* rows that a thread, that a block looks at at a time */

/* The rows of a chunk from `first` on where the character stands, in order, and how many. Whole blocks. */
static __device__ int rows_of(const EmbeddingDw &work, int character, int first, int *rows,
                              int *warps)
{
    int from = first + threadIdx.x * LOOKED_AT, warp = threadIdx.x / WARP;
    uint32_t lower = (1u << threadIdx.x % WARP) - 1, here = 0;
    int before = 0, all = 0, of_warp = 0;

#pragma unroll
    for (int i = 0; i < LOOKED_AT; i++) {
        bool found = from + i < work.dout.rows && (int)work.ids[from + i] == character;
        uint32_t lanes = __ballot_sync(0xFFFFFFFFu, found);

        here |= (uint32_t)found << i;
        before += __popc(lanes & lower);
        of_warp += __popc(lanes);
    }
    if (threadIdx.x % WARP == 0)
        warps[warp] = of_warp;
    __syncthreads();
    for (int i = 0; i < THREADS / WARP; i++) {
        before += i < warp ? warps[i] : 0;
        all += warps[i];
    }
#pragma unroll
    for (int i = 0; i < LOOKED_AT; i++)
        if (here >> i & 1)
            rows[before++] = from + i;
    __syncthreads();
    return all;
}

/* Many numbers are on their way while they are added one after the other. */
template <Format F>
static __device__ float column_sum(const EmbeddingDw &work, int character, int col, int *rows,
                                   int *warps)
{
    float sum = 0.0f;

    for (int first = 0; first < work.dout.rows; first += CHUNK) {
        int count = rows_of(work, character, first, rows, warps);

        count = col < work.dout.cols ? count : 0;
#pragma unroll 16
        for (int i = 0; i < count; i++)
            sum += load_at<F>(work.dout, rows[i], col);
    }
    return sum;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    embedding_dw_kernel(const __grid_constant__ EmbeddingDw work)
{
    __shared__ Tally tally;
    __shared__ Mass masses[THREADS / WARP];
    __shared__ int rows[CHUNK], warps[THREADS / WARP];
    int strips = (work.out.cols + THREADS - 1) / THREADS;
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int at = blockIdx.x; at < work.out.rows * strips; at += gridDim.x) {
        int character = at / strips, col = at % strips * THREADS + threadIdx.x;
        float sum = column_sum<F>(work, character, col, rows, warps);

        if (col >= work.out.cols)
            continue;
        if (work.counter.tally != NULL)
            count_value(work.counter.edges, &seen, sum);
        store_at<F>(work.out, character, col, sum);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, masses);
}

Status cuda_embedding_dw(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    EmbeddingDw work = {};
    int blocks;

    work.out = plan->arrays[(size_t)of->out];
    work.dout = plan->arrays[(size_t)of->in[0]];
    work.ids = (const float *)plan->arrays[(size_t)of->in[1]].data;
    work.counter = plan_counter(plan, instr);
    work.state = plan->state;
    blocks = plan_blocks(
        plan, (int64_t)work.out.rows * ((work.out.cols + THREADS - 1) / THREADS) * THREADS, 1);
    if (plan->low == FORMAT_BF16)
        embedding_dw_kernel<FORMAT_BF16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    else
        embedding_dw_kernel<FORMAT_FP16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    return cuda_launched(plan->backend, "a gradient of embeddings started");
}
