#include "map.cuh"

#include <string.h>

enum { MOST_BLOCKS = 16 }; /* for each multiprocessor, where no slots bound them */

/* A chain whose stages a kernel is made for: less code (README.md). */
#define KINDS_0(count, first)         ((count) << 12 | (first))
#define KINDS_1(count, first, second) (KINDS_0(count, first) | (second) << 4)

enum {
    KINDS_ANY = -1,
    KINDS_COPY = KINDS_0(1, STAGE_COPY),
    KINDS_CAST = KINDS_1(2, STAGE_COPY, STAGE_COPY),
    KINDS_RELU = KINDS_0(1, STAGE_RELU),
    KINDS_BIAS_RELU = KINDS_1(2, STAGE_BIAS, STAGE_RELU),
    KINDS_RELU_BACKWARD = KINDS_0(1, STAGE_RELU_BACKWARD),
    KINDS_COPY_RELU_BACKWARD = KINDS_1(2, STAGE_COPY, STAGE_RELU_BACKWARD),
};

static int kinds_of(const Chain *chain)
{
    int kinds = chain->count << 12;

    for (int s = 0; s < chain->count; s++)
        kinds |= (int)chain->stages[s].kind << 4 * s;
    return kinds;
}

/* The stage whose second operand is fetched together with what the chain begins with; -1: none. */
template <int KINDS> struct Paired {
    enum { STAGE = KINDS == KINDS_RELU_BACKWARD ? 0 : KINDS == KINDS_COPY_RELU_BACKWARD ? 1 : -1 };
};

/* Neighbours that a chain begins with, and their second operands, as they are stored. */
template <int WIDTH> struct Fetched {
    uint32_t from[WIDTH], paired[WIDTH];
};

template <int WIDTH, int KINDS>
static __device__ __forceinline__ void chain_fetch(const Chain &chain, int row, int col,
                                                   Fetched<WIDTH> *fetched)
{
    Array examples = chain.from;

    if (chain.data == NULL) {
        load_bits<WIDTH>(chain.from, row, col, fetched->from);
    } else {
        examples.data =
            (void *)(chain.data + example_of(chain.examples, chain.scalars, row) * chain.from.cols);
        load_bits<WIDTH>(examples, 0, col, fetched->from);
    }
    if (Paired<KINDS>::STAGE >= 0)
        load_bits<WIDTH>(chain.stages[Paired<KINDS>::STAGE > 0].aux, row, col, fetched->paired);
}

/* Some neighbours through all stages; `v` becomes what was stored last. */
template <Format F, bool COUNTED, int WIDTH, int KINDS>
static __device__ __forceinline__ void
chain_numbers(const Chain &chain, const Fetched<WIDTH> &fetched, float (&v)[WIDTH], int row,
              int col, Seen *seen)
{
    numbers_of<F, WIDTH>(chain.from, fetched.from, v);
#pragma unroll
    for (int s = 0; s < MOST_STAGES; s++) {
        const Stage &stage = chain.stages[s];
        StageKind kind = KINDS == KINDS_ANY ? stage.kind : (StageKind)(KINDS >> 4 * s & 15);

        if (s >= (KINDS == KINDS_ANY ? chain.count : KINDS >> 12))
            continue;
        if (s == (int)Paired<KINDS>::STAGE) {
            float paired[WIDTH];

            numbers_of<F, WIDTH>(stage.aux, fetched.paired, paired);
            stage_numbers<F, WIDTH>(chain, stage, kind, v, paired);
        } else {
            stage_compute<F, WIDTH>(chain, stage, kind, v, row, col);
        }
        if (COUNTED)
            stage_end<F, WIDTH>(stage, v, row, col, &seen[s]);
        else
            store_some<F, WIDTH>(stage.out, row, col, v);
    }
}

template <Format F, bool COUNTED, int WIDTH, int KINDS>
static __global__ void __launch_bounds__(THREADS) map_kernel(const __grid_constant__ Chain chain)
{
    __shared__ Tally tallies[COUNTED ? MOST_STAGES : 1];
    __shared__ Mass warps[THREADS / WARP];
    Seen seen[MOST_STAGES];
    uint32_t across = (uint32_t)(chain.from.cols / WIDTH);
    uint32_t count = (uint32_t)chain.from.rows * across, step = gridDim.x * THREADS;

    if (COUNTED)
        chain_open(chain, tallies, seen);
    wait_for_previous();
    for (uint32_t at = blockIdx.x * THREADS + threadIdx.x; at < count; at += step) {
        int row = (int)(at / across), col = (int)(at % across) * WIDTH;
        Fetched<WIDTH> fetched;
        float v[WIDTH];

        chain_fetch<WIDTH, KINDS>(chain, row, col, &fetched);
        chain_numbers<F, COUNTED, WIDTH, KINDS>(chain, fetched, v, row, col, seen);
    }
    if (COUNTED)
        chain_close(chain, tallies, seen, warps);
}

/* One part of the rows of a strip of columns: each line's rows in order, then the lines. */
template <Format F, bool COUNTED, int WIDTH, int KINDS>
static __device__ __forceinline__ void strip_part(const Chain &chain, int part, int strip,
                                                  float (*sums)[WARP * WIDTH], Seen *seen)
{
    const int at_once = KINDS == KINDS_ANY ? 1 : SUM_PART / SUM_LINES; /* rows on their way */
    int lane = threadIdx.x % WARP, line = threadIdx.x / WARP;
    int col = (strip * WARP + lane) * WIDTH, end = (part + 1) * SUM_PART;
    float sum[WIDTH] = {};

    end = col < chain.from.cols ? min(end, chain.from.rows) : 0;
#pragma unroll 1
    for (int row = part * SUM_PART + line; row < end; row += at_once * SUM_LINES) {
        Fetched<WIDTH> fetched[at_once];
        float v[WIDTH];

#pragma unroll
        for (int i = 0; i < at_once; i++)
            if (row + i * SUM_LINES < end)
                chain_fetch<WIDTH, KINDS>(chain, row + i * SUM_LINES, col, &fetched[i]);
#pragma unroll
        for (int i = 0; i < at_once; i++) {
            if (row + i * SUM_LINES >= end)
                continue;
            chain_numbers<F, COUNTED, WIDTH, KINDS>(chain, fetched[i], v, row + i * SUM_LINES, col,
                                                    seen);
#pragma unroll
            for (int j = 0; j < WIDTH; j++)
                sum[j] += v[j];
        }
    }
#pragma unroll
    for (int j = 0; j < WIDTH; j++)
        sums[line][lane * WIDTH + j] = sum[j];
    __syncthreads();
    for (int j = threadIdx.x; j < WARP * WIDTH; j += THREADS) {
        float all = sums[0][j];

        for (int i = 1; i < SUM_LINES; i++)
            all += sums[i][j];
        if (strip * WARP * WIDTH + j < chain.from.cols)
            chain.sums[(int64_t)part * chain.from.cols + strip * WARP * WIDTH + j] = all;
    }
    __syncthreads();
}

template <Format F, bool COUNTED, int WIDTH, int KINDS>
static __global__ void __launch_bounds__(THREADS) strip_kernel(const __grid_constant__ Chain chain)
{
    __shared__ Tally tallies[COUNTED ? MOST_STAGES : 1];
    __shared__ Mass warps[THREADS / WARP];
    __shared__ float sums[SUM_LINES][WARP * WIDTH];
    Seen seen[MOST_STAGES];
    int strips = (chain.from.cols + WARP * WIDTH - 1) / (WARP * WIDTH);
    int parts = (chain.from.rows + SUM_PART - 1) / SUM_PART;

    if (COUNTED)
        chain_open(chain, tallies, seen);
    wait_for_previous();
    for (int i = blockIdx.x; i < strips * parts; i += gridDim.x)
        strip_part<F, COUNTED, WIDTH, KINDS>(chain, i / strips, i % strips, sums, seen);
    if (COUNTED)
        chain_close(chain, tallies, seen, warps);
}

template <Format F, bool COUNTED, int WIDTH, int KINDS>
static Status launch(Plan *plan, const Chain *chain)
{
    int64_t count = (int64_t)chain->from.rows * chain->from.cols;
    int64_t pieces = (int64_t)((chain->from.cols + WARP * WIDTH - 1) / (WARP * WIDTH)) *
                     ((chain->from.rows + SUM_PART - 1) / SUM_PART);

    int most = COUNTED ? plan->mass_slots : plan->backend->multiprocessors * MOST_BLOCKS;
    int64_t blocks = (count / WIDTH + THREADS - 1) / THREADS;

    void *arguments[] = {(void *)chain};
    const void *kernel = chain->sums != NULL ? (const void *)strip_kernel<F, COUNTED, WIDTH, KINDS>
                                             : (const void *)map_kernel<F, COUNTED, WIDTH, KINDS>;

    blocks = chain->sums != NULL ? pieces : blocks;
    return launch_early(plan, kernel, (int)(blocks < most ? blocks : most), 0, arguments,
                        "an elementwise kernel started");
}

template <Format F> static Status launch_uncounted(Plan *plan, const Chain *chain)
{
    switch (kinds_of(chain)) {
    case KINDS_COPY:
        return launch<F, false, 4, KINDS_COPY>(plan, chain);
    case KINDS_CAST:
        return launch<F, false, 4, KINDS_CAST>(plan, chain);
    case KINDS_RELU:
        return launch<F, false, 4, KINDS_RELU>(plan, chain);
    case KINDS_BIAS_RELU:
        return launch<F, false, 4, KINDS_BIAS_RELU>(plan, chain);
    case KINDS_RELU_BACKWARD:
        return launch<F, false, 4, KINDS_RELU_BACKWARD>(plan, chain);
    case KINDS_COPY_RELU_BACKWARD:
        return launch<F, false, 4, KINDS_COPY_RELU_BACKWARD>(plan, chain);
    default:
        return launch<F, false, 4, KINDS_ANY>(plan, chain);
    }
}

/* Odd widths go one by one; they are rare, and few ways through here compile sooner. */
template <Format F> static Status launch_width(Plan *plan, const Chain *chain, bool counted)
{
    if (chain->from.cols % 4 != 0)
        return launch<F, true, 1, KINDS_ANY>(plan, chain);
    if (counted)
        return launch<F, true, 4, KINDS_ANY>(plan, chain);
    return launch_uncounted<F>(plan, chain);
}

Status chain_run(Plan *plan, const Chain *chain)
{
    bool counted = false;

    for (int s = 0; s < chain->count; s++)
        counted = counted || chain->stages[s].counter.tally != NULL;
    if (plan->low == FORMAT_BF16)
        return launch_width<FORMAT_BF16>(plan, chain, counted);
    if (plan->low == FORMAT_TF32)
        return launch_width<FORMAT_TF32>(plan, chain, counted);
    /* fp16, and fp32, whose arrays no format of a kernel touches */
    return launch_width<FORMAT_FP16>(plan, chain, counted);
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
    {OP_CONV2D_DW, STAGE_COPY, -1},
    {OP_CONV2D_DB, STAGE_COPY, -1},
    {OP_LAYERNORM_DW, STAGE_COPY, -1},
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
        chain.from.stride = raw_stride(&chain.from, plan->arrays[of->out].format);
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

Chain chain_behind(const Plan *plan, int instr)
{
    Chain chain = {};

    if (plan->behind != NULL)
        return *plan->behind;
    chain.state = plan->state;
    chain.scalars = plan->store->scalars;
    chain.from = chain.stages[0].out = plan->arrays[(size_t)plan->program.instrs[instr].out];
    chain.stages[0].counter = plan_counter(plan, instr);
    chain.count = 1;
    return chain;
}
