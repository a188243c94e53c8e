/* Elementwise instructions: a chain of them over one tensor is one kernel.
 *
 * Each stage takes what the stage before it stored, so a chain gives the bits of its stages alone. A
 * stage that rounds may count. The first takes a value from `from`: sums of a product, a stored value,
 * or, for a gather, the data set.
 */
#ifndef CUDA_MAP_CUH
#define CUDA_MAP_CUH

#include "count.cuh"
#include "plan.h"

#include "gelu.cuh"
#include "relu.cuh"
#include "tanh.cuh"

typedef enum StageKind {
    STAGE_COPY, /* a cast, or sums on their way into their format */
    STAGE_BIAS, /* + aux(0, col) */
    STAGE_RELU,
    STAGE_RELU_BACKWARD, /* aux: what relu took in */
    STAGE_GELU,
    STAGE_GELU_BACKWARD,
    STAGE_TANH,
    STAGE_TANH_BACKWARD, /* aux: what tanh gave out */
    STAGE_MSE_BACKWARD,  /* aux: the target */
} StageKind;

typedef struct Stage {
    StageKind kind;
    Array out, aux;
    Counter counter;
} Stage;

enum { MOST_STAGES = 3 };

typedef struct Chain {
    Array from;
    const float *data; /* a gather: examples of `from.cols` numbers; NULL: none */
    Examples examples;
    Stage stages[MOST_STAGES];
    int count;
    float norm; /* mse: 2 / count */
    const StepState *state;
    const Scalars *scalars;
    float *sums; /* column sums of the last result, (parts of rows, cols); NULL: none are wanted */
} Chain;

/* Columns are summed in parts of SUM_PART rows: each of SUM_LINES interleaved sets of them in order, the
 * sets in order, and then the parts. */
enum { SUM_PART = 32, SUM_LINES = THREADS / WARP };

/* A convolution's bias: in parts of so many examples. */
enum { CONV_DB_EXAMPLES = 4 };

/* The stage that an instruction is, or of its rounding, where it is a product. */
bool chain_is_stage(const Plan *plan, int instr);
Stage chain_stage(const Plan *plan, int instr);

/* A chain that starts at this instruction, without its stages. */
Chain chain_begin(const Plan *plan, int instr);

Status chain_run(Plan *plan, const Chain *chain);

/* One instruction as a chain of its own. */
Status chain_alone(Plan *plan, int instr);

/* What the numbers that a kernel of another kind makes go through: the instruction's own store, and the
 * stages that were fused behind it. */
Chain chain_behind(const Plan *plan, int instr);

#ifdef __CUDACC__

#    define EACH(expression) \
        _Pragma("unroll") for (int i = 0; i < WIDTH; i++) \
        { \
            float x = v[i], y = aux[i]; \
            v[i] = (expression); \
        } \
        break

/* Not yet rounded. `aux`: of the stage's second operand, where it has one. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void stage_numbers(const Chain &chain, const Stage &stage,
                                                     StageKind kind, float (&v)[WIDTH],
                                                     const float (&aux)[WIDTH])
{
    bool wide = stage.out.format == FORMAT_FP32;

    switch (kind) {
    case STAGE_COPY:
        break;
    case STAGE_BIAS:
        EACH(x + y);
    case STAGE_RELU:
        EACH(relu(x));
    case STAGE_RELU_BACKWARD:
        EACH(relu_slope(x, y));
    case STAGE_GELU:
        EACH(gelu(x));
    case STAGE_GELU_BACKWARD:
        EACH(gelu_slope(x, y));
    case STAGE_TANH:
        EACH(tanhf(x));
    case STAGE_TANH_BACKWARD:
        EACH(wide ? tanh_slope<FORMAT_FP32>(x, y) : tanh_slope<F>(x, y));
    case STAGE_MSE_BACKWARD:
        EACH(chain.norm * (x - y) * (chain.scalars->scale * chain.scalars->loss_weight));
    }
}

#    undef EACH

template <Format F, int WIDTH>
static __device__ __forceinline__ void stage_compute(const Chain &chain, const Stage &stage,
                                                     StageKind kind, float (&v)[WIDTH], int row,
                                                     int col)
{
    float aux[WIDTH] = {};
    bool alone =
        kind == STAGE_COPY || kind == STAGE_RELU || kind == STAGE_GELU || kind == STAGE_TANH;

    if (!alone)
        load_some<F, WIDTH>(stage.aux, kind == STAGE_BIAS ? 0 : row, col, aux);
    stage_numbers<F, WIDTH>(chain, stage, kind, v, aux);
}

/* Counts what a stage computed, rounds it and stores it; `v` becomes what was stored. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void stage_end(const Stage &stage, float (&v)[WIDTH], int row,
                                                 int col, Seen *seen)
{
    if (stage.counter.tally != NULL) {
#    pragma unroll
        for (int i = 0; i < WIDTH; i++)
            count_value(stage.counter.edges, seen, v[i]);
    }
    store_some<F, WIDTH>(stage.out, row, col, v);
}

/* Some neighbours through all stages. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void chain_pass(const Chain &chain, float (&v)[WIDTH], int row,
                                                  int col, Seen *seen)
{
#    pragma unroll
    for (int s = 0; s < MOST_STAGES; s++) {
        if (s >= chain.count)
            continue;
        stage_compute<F, WIDTH>(chain, chain.stages[s], chain.stages[s].kind, v, row, col);
        stage_end<F, WIDTH>(chain.stages[s], v, row, col, &seen[s]);
    }
}

/* The beginning and the end of a block that counts; a tally for each stage. */
static __device__ __forceinline__ void chain_open(const Chain &chain, Tally *tallies, Seen *seen)
{
#    pragma unroll
    for (int s = 0; s < MOST_STAGES; s++) {
        seen_begin(&seen[s], &tallies[s]);
        if (s < chain.count)
            tally_clear(&tallies[s]);
    }
    __syncthreads();
}

static __device__ __forceinline__ void chain_close(const Chain &chain, Tally *tallies, Seen *seen,
                                                   Mass *warps)
{
    __syncthreads();
#    pragma unroll
    for (int s = 0; s < MOST_STAGES; s++)
        if (s < chain.count && chain.stages[s].counter.tally != NULL)
            counter_finish(chain.stages[s].counter, chain.state->parity, &seen[s], &tallies[s],
                           warps);
}

#endif
#endif
