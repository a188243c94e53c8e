/* The optimizers over weights or state that are not fp32, and steps that are counted: src/cpu/step.c has
 * the contract, step_low.cuh the roundings. A thread takes one number at a time.
 */
#include "step_low.cuh"

#include "clip.cuh"
#include "sgd.cuh"
#include "tile.cuh"

typedef struct LowStep {
    Array weight, grad, states[2], compensation; /* data NULL: none */
    Counter counter;
    const StepState *state;
    const Scalars *scalars;
    WeightRounding rounding;
    uint32_t place;
    Clip clip;
} LowStep;

/* An update: the weight becomes kept - change. */
typedef struct LowChange {
    float kept, change;
} LowChange;

template <OpKind OP>
static __device__ __forceinline__ LowChange low_change(const LowStep &work, const StepState &a,
                                                       int row, int col, float w)
{
    float grad = load_any(work.grad, row, col), m, v;

    if (work.clip.kind != CLIPS_NOT)
        grad = clip_number(work.clip, *work.state, grad);

    if (OP == OP_SGD)
        return {w, a.lr * sgd_grad(a, grad, w)};
    m = load_any(work.states[0], row, col);
    if (OP == OP_MOMENTUM) {
        m = store_any(work.states[0], row, col, a.momentum * m + sgd_grad(a, grad, w));
        return {w, a.lr * m};
    }
    float kept = w * a.keep, g = sgd_grad(a, grad, kept);

    v = load_any(work.states[1], row, col);
    m = store_any(work.states[0], row, col,
                  a.new1 < 0.5f ? m + a.new1 * (g - m) : g - (g - m) * (1.0f - a.new1));
    v = store_any(work.states[1], row, col, v * a.keep2 + a.new2 * g * g);
    return {kept, a.step_size * m /
                      rounded_any(work.states[1].format, sqrtf(v) / a.root_correction + a.eps)};
}

static __device__ __forceinline__ CastClass class_of(float before, float after,
                                                     const LowChange &change, bool same)
{
    if (isnan(after))
        return CAST_NAN;
    if (isinf(after))
        return CAST_INF;
    if (change.change == 0.0f && change.kept == before)
        return CAST_ZERO;
    return same ? CAST_UNDERFLOW : CAST_NORMAL;
}

static __device__ __forceinline__ bool same_bits(float a, float b)
{
    return __float_as_uint(a) == __float_as_uint(b);
}

/* Stores the new weight, and the compensation; what became of the update. */
static __device__ __forceinline__ CastClass low_store(const LowStep &work, int64_t i, int row,
                                                      int col, float w, const LowChange &change)
{
    Format format = work.weight.format;
    float exact = change.kept - change.change, stored, rest, y;
    bool same = true;

    if (work.compensation.data != NULL) {
        rest = load_any(work.compensation, row, col);
        y = rest + ((change.kept - w) - change.change);
        stored = rounded_any(format, w + y);
        same = same_bits(rest, store_any(work.compensation, row, col, y - (stored - w)));
    } else if (work.rounding == ROUNDING_STOCHASTIC) {
        stored = rounded_stochastic(format, exact, rounding_bits(work.scalars, work.place, i));
    } else {
        stored = rounded_any(format, exact);
    }
    store_any(work.weight, row, col, stored);
    return class_of(w, stored, change, same && same_bits(w, stored));
}

/* Classes as a Tally holds them: its edges are fp16's, so the least exponent is lost, and 2^0 is not. */
static __device__ __forceinline__ void tell_class(Tally *tally, int class_, uint32_t count)
{
    uint32_t *at = class_ == CAST_NAN         ? &tally->nan
                   : class_ == CAST_INF       ? &tally->inf
                   : class_ == CAST_ZERO      ? &tally->zero
                   : class_ == CAST_UNDERFLOW ? &tally->histogram[0]
                                              : &tally->histogram[-EXPONENT_LEAST];

    if (count > 0)
        atomicAdd(at, count);
}

template <OpKind OP>
static __global__ void __launch_bounds__(THREADS) low_kernel(const __grid_constant__ LowStep work)
{
    __shared__ uint32_t classes[CAST_CLASSES];
    int64_t count = (int64_t)work.weight.rows * work.weight.cols,
            all = (int64_t)gridDim.x * THREADS;
    StepState state = *work.state;

    if (state.found != NOT_FOUND)
        return;
    if (work.clip.kind != CLIPS_NOT)
        state.inverse = 1.0f; /* clip_number has unscaled */
    if (threadIdx.x < CAST_CLASSES)
        classes[threadIdx.x] = 0;
    __syncthreads();
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < count; i += all) {
        int row = (int)(i / work.weight.cols), col = (int)(i % work.weight.cols);
        float w = load_any(work.weight, row, col);
        LowChange change = low_change<OP>(work, state, row, col, w);
        CastClass became = low_store(work, i, row, col, w, change);

        if (work.counter.tally != NULL)
            atomicAdd(&classes[became], 1u);
    }
    __syncthreads();
    if (work.counter.tally != NULL && threadIdx.x < CAST_CLASSES)
        tell_class(counter_tally(work.counter, state.parity), (int)threadIdx.x,
                   classes[threadIdx.x]);
}

static LowStep low_work(const Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    LowStep work = {};

    work.weight = plan->arrays[(size_t)of->in[STEP_WEIGHT]];
    work.grad = plan->arrays[(size_t)of->in[STEP_GRAD]];
    for (int i = 0; i < 2; i++)
        if (of->in[STEP_STATES + i] != NO_VALUE)
            work.states[i] = plan->arrays[(size_t)of->in[STEP_STATES + i]];
    if (of->in[STEP_COMPENSATION] != NO_VALUE)
        work.compensation = plan->arrays[(size_t)of->in[STEP_COMPENSATION]];
    work.counter = plan_counter(plan, instr);
    work.state = plan->state;
    work.scalars = plan->store->scalars;
    work.rounding = (WeightRounding)of->constants[CONSTANT_ROUNDING];
    work.place = (uint32_t)of->constants[CONSTANT_PLACE];
    work.clip = clip_of(plan);
    return work;
}

Status step_low_run(Plan *plan, int instr)
{
    LowStep work = low_work(plan, instr);
    OpKind op = plan->program.instrs[instr].op;
    int blocks = plan_blocks(plan, (int64_t)work.weight.rows * work.weight.cols, 4);
    cudaStream_t stream = plan->backend->stream;

    if (op == OP_SGD)
        low_kernel<OP_SGD><<<blocks, THREADS, 0, stream>>>(work);
    else if (op == OP_MOMENTUM)
        low_kernel<OP_MOMENTUM><<<blocks, THREADS, 0, stream>>>(work);
    else
        low_kernel<OP_ADAM><<<blocks, THREADS, 0, stream>>>(work);
    return cuda_launched(plan->backend, "the optimizer started");
}
