#include "map.cuh"

#include "count.cuh"

#include <string.h>

enum { STRIP_ROWS = 16, AT_ONCE = 4 };

template <Format F>
static __device__ __forceinline__ float chain_source(const Chain &chain, int row, int col)
{
    if (chain.data == NULL)
        return load_at<F>(chain.from, row, col);
    return chain.data[example_of(chain.examples, chain.scalars, row) * chain.from.cols + col];
}

/* One number through all stages; hands back the last that was stored. */
template <Format F, int STAGES, bool COUNTED>
static __device__ __forceinline__ float chain_number(const Chain &chain, float v, int row, int col,
                                                     Tally *tallies, Seen *seen)
{
#pragma unroll
    for (int s = 0; s < STAGES; s++) {
        v = stage_compute<F>(chain, chain.stages[s], v, row, col);
        if (COUNTED && chain.stages[s].counter.tally != NULL)
            count_value(chain.stages[s].counter.edges, &tallies[s], &seen[s], v);
        v = store_at<F>(chain.stages[s].out, row, col, v);
    }
    return v;
}

template <int STAGES>
static __device__ __forceinline__ void chain_open(Tally *tallies, Seen *seen)
{
#pragma unroll
    for (int s = 0; s < STAGES; s++) {
        tally_clear(&tallies[s]);
        seen_begin(&seen[s]);
    }
    __syncthreads();
}

template <int STAGES>
static __device__ __forceinline__ void chain_close(const Chain &chain, Tally *tallies, Seen *seen,
                                                   Mass *warps)
{
    __syncthreads();
#pragma unroll
    for (int s = 0; s < STAGES; s++)
        if (chain.stages[s].counter.tally != NULL)
            counter_finish(chain.stages[s].counter, chain.state->parity, &seen[s], &tallies[s],
                           warps);
}

template <Format F, int STAGES, bool COUNTED>
static __global__ void __launch_bounds__(THREADS) map_kernel(const __grid_constant__ Chain chain)
{
    __shared__ Tally tallies[COUNTED ? STAGES : 1];
    __shared__ Mass warps[THREADS / WARP];
    Seen seen[STAGES];
    int cols = chain.from.cols;
    int64_t count = (int64_t)chain.from.rows * cols;
    int64_t step = (int64_t)gridDim.x * THREADS;

    if (COUNTED)
        chain_open<STAGES>(tallies, seen);
    for (int64_t first = (int64_t)blockIdx.x * THREADS + threadIdx.x; first < count;
         first += step * AT_ONCE) {
        float v[AT_ONCE];

#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) {
            int64_t at = first + i * step;
            int row = (int)(at / cols);

            v[i] = at < count ? chain_source<F>(chain, row, (int)(at - (int64_t)row * cols)) : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) {
            int64_t at = first + i * step;
            int row = (int)(at / cols);

            if (at < count)
                chain_number<F, STAGES, COUNTED>(chain, v[i], row, (int)(at - (int64_t)row * cols),
                                                 tallies, seen);
        }
    }
    if (COUNTED)
        chain_close<STAGES>(chain, tallies, seen, warps);
}

/* The rows of one strip of columns, each thread's in order. */
template <Format F, int STAGES, bool COUNTED>
static __device__ __forceinline__ float strip_rows(const Chain &chain, int line, int col,
                                                   Tally *tallies, Seen *seen)
{
    float sum = 0.0f;

    for (int first = line; first < chain.from.rows; first += STRIP_ROWS * AT_ONCE) {
        float v[AT_ONCE];

#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) {
            int row = first + i * STRIP_ROWS;

            v[i] = row < chain.from.rows ? chain_source<F>(chain, row, col) : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) {
            int row = first + i * STRIP_ROWS;

            if (row < chain.from.rows)
                sum += chain_number<F, STAGES, COUNTED>(chain, v[i], row, col, tallies, seen);
        }
    }
    return sum;
}

/* The same in strips of columns, whose sums come with it: each thread's rows in order, then threads. */
template <Format F, int STAGES, bool COUNTED>
static __global__ void __launch_bounds__(WARP *STRIP_ROWS)
    strip_kernel(const __grid_constant__ Chain chain)
{
    __shared__ Tally tallies[COUNTED && STAGES > 0 ? STAGES : 1];
    __shared__ Mass warps[STRIP_ROWS];
    __shared__ float sums[STRIP_ROWS][WARP];
    Seen seen[STAGES > 0 ? STAGES : 1];
    int lane = threadIdx.x % WARP, line = threadIdx.x / WARP;

    if (COUNTED)
        chain_open<STAGES>(tallies, seen);
    for (int col = blockIdx.x * WARP + lane; col - lane < chain.from.cols;
         col += gridDim.x * WARP) {
        sums[line][lane] =
            col < chain.from.cols
                ? strip_rows<F, STAGES, COUNTED>(chain, line, col, tallies, seen)
                : 0.0f;
        __syncthreads();
        if (line == 0 && col < chain.from.cols) {
            float sum = sums[0][lane];

            for (int i = 1; i < STRIP_ROWS; i++)
                sum += sums[i][lane];
            chain.sums[col] = sum;
        }
        __syncthreads();
    }
    if (COUNTED)
        chain_close<STAGES>(chain, tallies, seen, warps);
}

template <Format F, int STAGES, bool COUNTED> static void launch(Plan *plan, const Chain *chain)
{
    cudaStream_t stream = plan->backend->stream;
    int64_t count = (int64_t)chain->from.rows * chain->from.cols;

    if (chain->sums != NULL)
        strip_kernel<F, STAGES, COUNTED>
            <<<min((chain->from.cols + WARP - 1) / WARP, plan->mass_slots), WARP * STRIP_ROWS, 0,
               stream>>>(*chain);
    else
        map_kernel<F, STAGES == 0 ? 1 : STAGES, COUNTED>
            <<<plan_blocks(plan, count, AT_ONCE), THREADS, 0, stream>>>(*chain);
}

template <Format F, bool COUNTED> static void launch_count(Plan *plan, const Chain *chain)
{
    switch (chain->count) {
    case 0:
        launch<F, 0, false>(plan, chain);
        break;
    case 1:
        launch<F, 1, COUNTED>(plan, chain);
        break;
    case 2:
        launch<F, 2, COUNTED>(plan, chain);
        break;
    case 3:
        launch<F, 3, COUNTED>(plan, chain);
        break;
    default:
        launch<F, MOST_STAGES, COUNTED>(plan, chain);
    }
}

template <bool COUNTED> static void launch_format(Plan *plan, const Chain *chain)
{
    switch (plan->low) {
    case FORMAT_FP16:
        launch_count<FORMAT_FP16, COUNTED>(plan, chain);
        break;
    case FORMAT_BF16:
        launch_count<FORMAT_BF16, COUNTED>(plan, chain);
        break;
    case FORMAT_TF32:
        launch_count<FORMAT_TF32, COUNTED>(plan, chain);
        break;
    default:
        launch_count<FORMAT_FP32, COUNTED>(plan, chain);
    }
}

Status chain_run(Plan *plan, const Chain *chain)
{
    bool counted = false;

    for (int s = 0; s < chain->count; s++)
        counted = counted || chain->stages[s].counter.tally != NULL;
    counted ? launch_format<true>(plan, chain) : launch_format<false>(plan, chain);
    return cuda_launched(plan->backend, "an elementwise kernel started");
}

typedef struct StageOf {
    OpKind op;
    StageKind kind;
    int aux; /* operand; -1: none */
} StageOf;

static const StageOf stages[] = {
    {OP_CAST, STAGE_COPY, -1},
    {OP_LINEAR, STAGE_BIAS, 2},
    {OP_LINEAR_DX, STAGE_COPY, -1},
    {OP_LINEAR_DW, STAGE_COPY, -1},
    {OP_LINEAR_DB, STAGE_COPY, -1},
    {OP_RELU, STAGE_RELU, -1},
    {OP_RELU_BACKWARD, STAGE_RELU_BACKWARD, 1},
    {OP_GELU, STAGE_GELU, -1},
    {OP_GELU_BACKWARD, STAGE_GELU_BACKWARD, 1},
    {OP_TANH, STAGE_TANH, -1},
    {OP_TANH_BACKWARD, STAGE_TANH_BACKWARD, 1},
    {OP_MSE_BACKWARD, STAGE_MSE_BACKWARD, 1},
};

static const StageOf *stage_of(OpKind op)
{
    for (const StageOf &stage : stages)
        if (stage.op == op)
            return &stage;
    return NULL;
}

bool chain_is_stage(const Plan *plan, int instr)
{
    return stage_of(plan->program.instrs[instr].op) != NULL;
}

Stage chain_stage(const Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    const StageOf *row = stage_of(of->op);
    Stage stage = {};

    stage.kind = row->kind;
    stage.out = plan->arrays[of->out];
    if (row->aux >= 0)
        stage.aux = plan->arrays[of->in[row->aux]];
    stage.counter = plan_counter(plan, instr);
    return stage;
}

Chain chain_begin(const Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Chain chain = {};

    chain.state = plan->state;
    chain.scalars = plan->store->scalars;
    if (plan->raws[instr] != NULL) {
        chain.from = plan->arrays[of->out];
        chain.from.data = plan->raws[instr];
        chain.from.format = FORMAT_FP32;
        chain.from.stride = chain.from.cols;
    } else {
        chain.from = plan->arrays[of->in[0]];
    }
    if (of->op == OP_MSE_BACKWARD)
        chain.norm = (float)(2.0 / (double)value_count(plan_value(plan, of->out)));
    return chain;
}

Status chain_alone(Plan *plan, int instr)
{
    Chain chain = chain_begin(plan, instr);

    chain.stages[chain.count++] = chain_stage(plan, instr);
    return chain_run(plan, &chain);
}
