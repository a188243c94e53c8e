/* Parameters in tiles: what unscale looks at and an optimizer moves, and the kernels that do it for all
 * parameters at once.
 *
 * A thread takes TILE_RUN neighbours of one row of a tile.
 */
#ifndef CUDA_TILE_CUH
#define CUDA_TILE_CUH

#include "plan.h"

/* unscale.cu: rounds, counts and looks at the gradients of segments first .. last - 1 ("kernel A"). */
Status grads_run(Plan *plan, int first, int last);

/* step.cu: the optimizer's instruction `op` on segments first .. last - 1. `whole`: with the low copies
 * for the next step, and the end of this one: found_inf, norm, scale, outcome ("kernel B"). */
typedef struct StepEnd StepEnd;
Status step_run(Plan *plan, OpKind op, int first, int last, const StepEnd *whole);

/* Optimizer constants of the present step into its state; also what `update` and `unscale` need. */
typedef struct alignas(16) StepEnd {
    Scalars *scalars;
    StepState *state;
    const Segment *segments;
    const double *squares;
    int tiles, segment_count;
    uint64_t *ring;
    uint32_t batch;
    int rounds; /* of a step, each of `batch` examples */
    bool clips; /* by norm: state->clip_coef is set */
    /* what a skip is blamed on: counted stores in the program's order */
    const Tally *tallies;
    const CountEdges *edges;
    const int *instrs;
    int counted, mass_slots;
    double beta1, beta2, decay, eps, momentum;
    OpKind op;
    /* a cross entropy whose rows wait to be added up; loss_slots NULL: it is known already */
    const float *loss_slots;
    uint32_t loss_rows;
    float *loss, *scaled;
} StepEnd;

StepEnd step_end(const Plan *plan);

/* Neighbouring tiles for each of some blocks: `each`, and for the first `longer` blocks one more. */
typedef struct Runs {
    int each, longer;
} Runs;

static inline Runs runs_of(int tiles, int workers)
{
    Runs runs = {};

    if (workers > 0) {
        runs.each = tiles / workers;
        runs.longer = tiles % workers;
    }
    return runs;
}

/* step_low.cu: one parameter's step, where weight or state are not fp32, or it is counted. */
CudaOp step_low_run;

#ifdef __CUDACC__

#    include "count.cuh"

static __device__ __forceinline__ int run_first(const Runs &runs, int worker)
{
    return worker * runs.each + min(worker, runs.longer);
}

typedef struct TilePlace {
    int row, col; /* of the first number of this thread */
    int count;    /* numbers that are there, up to TILE_RUN */
} TilePlace;

static __device__ __forceinline__ int run_count(const Segment &s, int row, int col)
{
    return row >= s.grad.rows || col >= s.grad.cols ? 0
           : s.grad.cols - col < TILE_RUN           ? s.grad.cols - col
                                                    : TILE_RUN;
}

static __device__ __forceinline__ TilePlace tile_place(const Segment &s, int tile)
{
    int local = tile - s.first_tile, across = s.tiles_across, thread = threadIdx.x;
    TilePlace place;

    place.row = local / across * TILE_ROWS + thread / (TILE_COLS / TILE_RUN);
    place.col = local % across * TILE_COLS + thread % (TILE_COLS / TILE_RUN) * TILE_RUN;
    place.count = run_count(s, place.row, place.col);
    return place;
}

/* The same thread's place in the next tile of the segment: divisions take long. */
static __device__ __forceinline__ TilePlace next_place(const Segment &s, TilePlace place)
{
    place.col += TILE_COLS;
    if (place.col >= s.tiles_across * TILE_COLS) {
        place.col -= s.tiles_across * TILE_COLS;
        place.row += TILE_ROWS;
    }
    place.count = run_count(s, place.row, place.col);
    return place;
}

/* A thread's numbers of an array, zeros behind them. Narrow rows go on in zeros to a whole run. */
template <Format F>
static __device__ __forceinline__ void run_load(const Array &array, const TilePlace &at,
                                                float *values)
{
    if (is_narrow(array)) {
        uint2 bits = make_uint2(0, 0);

        if (at.count > 0)
            bits = *(const uint2 *)((const uint16_t *)array.data + (int64_t)at.row * array.stride +
                                    at.col);
        values[0] = widen_bits<F>(bits.x & 0xFFFFu);
        values[1] = widen_bits<F>(bits.x >> 16);
        values[2] = widen_bits<F>(bits.y & 0xFFFFu);
        values[3] = widen_bits<F>(bits.y >> 16);
        return;
    }
#    pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        values[i] = i < at.count ? load_at<F>(array, at.row, at.col + i) : 0.0f;
}

/* Rounds and stores them; `values` become what was stored. */
template <Format F>
static __device__ __forceinline__ void run_store(const Array &array, const TilePlace &at,
                                                 float *values)
{
    if (is_narrow(array) && at.count == TILE_RUN &&
        !isnan((values[0] - values[0]) + (values[1] - values[1]) + (values[2] - values[2]) +
               (values[3] - values[3]))) {
        uint2 bits = make_uint2(pack<F>(values[0], values[1]), pack<F>(values[2], values[3]));

        *(uint2 *)((uint16_t *)array.data + (int64_t)at.row * array.stride + at.col) = bits;
        values[0] = widen_bits<F>(bits.x & 0xFFFFu);
        values[1] = widen_bits<F>(bits.x >> 16);
        values[2] = widen_bits<F>(bits.y & 0xFFFFu);
        values[3] = widen_bits<F>(bits.y >> 16);
        return;
    }
    if (is_narrow(array)) {
        uint32_t bits[TILE_RUN];

#    pragma unroll
        for (int i = 0; i < TILE_RUN; i++) {
            bits[i] = i < at.count ? narrow_bits<F>(values[i]) : 0;
            values[i] = widen_bits<F>(bits[i]);
        }
        if (at.count > 0)
            *(uint2 *)((uint16_t *)array.data + (int64_t)at.row * array.stride + at.col) =
                make_uint2(bits[0] | bits[1] << 16, bits[2] | bits[3] << 16);
        return;
    }
#    pragma unroll
    for (int i = 0; i < TILE_RUN; i++)
        if (i < at.count)
            values[i] = store_at<F>(array, at.row, at.col + i, values[i]);
}

static __device__ __forceinline__ int tile_segment(const Segment *segments, int count, int tile)
{
    int segment = 0;

    while (segment + 1 < count && segments[segment + 1].first_tile <= tile)
        segment++;
    return segment;
}

/* What the warps of a block have summed, in their order. */
static __device__ __forceinline__ double warps_sum(const double *warps)
{
    double sum = warps[0];

    for (int i = 1; i < THREADS / WARP; i++)
        sum += warps[i];
    return sum;
}

/* Adds up a block's squares in a fixed order; the sum is thread 0's. Barriers inside. */
static __device__ __forceinline__ double block_sum(double value, double *warps)
{
    value = warp_sum(value);
    if (threadIdx.x % WARP == 0)
        warps[threadIdx.x / WARP] = value;
    __syncthreads();
    value = warps_sum(warps);
    __syncthreads();
    return value;
}

/* One thread's numbers of a tile: sum of squares, and whether any is inf or nan. The square of a float is
 * exact in double, so adding it in the same breath rounds once, as two steps would. */
static __device__ __forceinline__ double look(const float *values, int count, float inverse,
                                              bool *found)
{
    double sum = 0.0;

#    pragma unroll
    for (int i = 0; i < TILE_RUN; i++) {
        double value = i < count ? values[i] * inverse : 0.0f;

        *found = *found || !isfinite(values[i]);
        sum = fma(value, value, sum);
    }
    return sum;
}

/* Where a step with inf or nan is taken all the same, only the step's end is told of it. One thread. */
static __device__ __forceinline__ void note_found(StepState *state, const Scalars *scalars,
                                                  int segment)
{
    if (scalars->check)
        atomicMin(scalars->take_all ? &state->overlooked : &state->found, segment);
}

static __device__ __forceinline__ float inverse_scale(const Scalars *scalars)
{
    return (float)(1.0 / (double)scalars->scale);
}

/* x^n by squaring: the same for the same n, however a run came there. */
static __device__ double power(double x, int64_t n)
{
    double result = 1.0;

    for (; n > 0; n >>= 1) {
        if (n & 1)
            result *= x;
        x *= x;
    }
    return result;
}

/* What an optimizer computes with, from the settings of this step. One thread. */
static __device__ void step_constants(const StepEnd &end, StepState *state)
{
    const Scalars *scalars = end.scalars;
    double lr = scalars->lr;
    int64_t t = scalars->taken + 1;
    bool adam = end.op == OP_ADAM || end.op == OP_ADAMW, decoupled = end.op == OP_ADAMW;

    state->inverse = scalars->leave_scaled ? 1.0f : inverse_scale(scalars);
    state->keep = decoupled ? (float)(1.0 - lr * end.decay) : 1.0f;
    state->decay = decoupled ? 0.0f : (float)end.decay;
    state->lr = (float)lr;
    state->momentum = (float)end.momentum;
    if (!adam)
        return;
    state->new1 = (float)(1.0 - end.beta1);
    state->keep2 = (float)end.beta2;
    state->new2 = (float)(1.0 - end.beta2);
    state->step_size = (float)(lr / (1.0 - power(end.beta1, t)));
    state->root_correction = (float)sqrt(1.0 - power(end.beta2, t));
    state->root_inverse = state->root_correction >= 0x1p-40f ? 1.0f / state->root_correction : 0.0f;
    state->eps = (float)end.eps;
}

#endif
#endif
