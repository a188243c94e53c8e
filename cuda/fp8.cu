/* fp8_scale, cast_fp8 and fp8_history: src/cpu/fp8.c has the contract. */
#include "fp8.cuh"

#include "count.cuh"

#include <cuda_fp8.h>
#include <float.h>
#include <math.h>

enum { SIDE_OF_TILE = 32, TILE_NUMBERS = SIDE_OF_TILE * SIDE_OF_TILE };

static int padded(int count)
{
    return (count + 15) / 16 * 16;
}

bool fp8_is_in(const Program *program)
{
    for (int i = 0; i < program->value_count; i++)
        if (format_is_fp8(program->values[i].format))
            return true;
    return false;
}

static bool slides(OpKind op)
{
    return op == OP_CONV2D || op == OP_CONV2D_DX || op == OP_CONV2D_DW;
}

/* Both operands of a product lie alike, so what is carried spreads. */
void fp8_carry(Plan *plan)
{
    const Program *program = &plan->program;
    bool more = true;

    plan->carried.assign((size_t)program->value_count, 0);
    while (more) {
        more = false;
        for (int i = 0; i < program->instr_count; i++) {
            const Instr *of = &program->instrs[i];

            if (!op_is_product(of->op) || of->in[PRODUCT_SCALES] == NO_VALUE)
                continue;
            char &a = plan->carried[(size_t)of->in[0]], &b = plan->carried[(size_t)of->in[1]];

            if ((slides(of->op) || a || b) && !(a && b)) {
                a = b = 1;
                more = true;
            }
        }
    }
}

static Status check_device(const Backend *backend)
{
    if (backend->capability >= 89)
        return ok();
    return fail(
        STATUS_UNSUPPORTED,
        "this GPU (%.40s, compute capability %d.%d) has no products of fp8, which came with "
        "8.9; take bf16, or say backend cpu",
        backend->name, backend->capability / 10, backend->capability % 10);
}

Status fp8_lay(Plan *plan)
{
    plan->across.assign((size_t)plan->program.value_count, NULL);
    if (!fp8_is_in(&plan->program))
        return ok();
    TRY(check_device(plan->backend));
    TRY(plan_room(plan, MEMORY_WORKSPACE, sizeof *plan->fp8_amax, (void **)&plan->fp8_amax));
    for (int i = 0; i < plan->program.value_count; i++) {
        const Array *array = &plan->arrays[(size_t)i];

        if (format_is_fp8(array->format))
            TRY(plan_room(plan, MEMORY_COPIES,
                          (size_t)padded(array->cols) * (size_t)padded(array->rows),
                          &plan->across[(size_t)i]));
    }
    return ok();
}

bool fp8_is_product(const Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];

    return format_is_fp8(plan->arrays[(size_t)of->in[0]].format);
}

static Array across_of(const Plan *plan, ValueId id)
{
    Array array = plan->arrays[(size_t)id], across = array;

    across.data = plan->across[(size_t)id];
    across.rows = array.cols;
    across.cols = array.rows;
    across.stride = padded(array.rows);
    return across;
}

/* linear: x, W. linear_dx: dout, W with rows and columns exchanged. linear_dw: both so. */
Array fp8_operand(const Plan *plan, int instr, int operand)
{
    const Instr *of = &plan->program.instrs[instr];
    bool across = of->op == OP_LINEAR_DW || (of->op == OP_LINEAR_DX && operand == 1);

    return across ? across_of(plan, of->in[operand]) : plan->arrays[(size_t)of->in[operand]];
}

static __global__ void __launch_bounds__(THREADS)
    descale_kernel(float *sums, int64_t count, const float *a, const float *b)
{
    float inverse = a[FP8_INVERSE] * b[FP8_INVERSE];

    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < count;
         i += (int64_t)gridDim.x * THREADS)
        sums[i] *= inverse;
}

Status fp8_descale(Plan *plan, int instr, float *sums, int64_t count)
{
    const Instr *of = &plan->program.instrs[instr];
    const float *scales[2];

    if (of->in[PRODUCT_SCALES] == NO_VALUE)
        return ok();
    for (int i = 0; i < 2; i++)
        scales[i] = (const float *)plan->arrays[(size_t)of->in[PRODUCT_SCALES + i]].data;
    descale_kernel<<<plan_blocks(plan, count, 1), THREADS, 0, plan->backend->stream>>>(
        sums, count, scales[0], scales[1]);
    return cuda_launched(plan->backend, "the sums of a product were scaled");
}

/* The largest magnitude but nan, as a pattern. */
static __global__ void __launch_bounds__(THREADS)
    amax_kernel(const __grid_constant__ Array in, uint32_t *amax)
{
    uint32_t cols = (uint32_t)in.cols, count = (uint32_t)in.rows * cols, most = 0;

    for (uint32_t at = blockIdx.x * THREADS + threadIdx.x; at < count; at += gridDim.x * THREADS) {
        float x = load_at<FORMAT_BF16>(in, (int)(at / cols), (int)(at % cols));
        uint32_t magnitude = __float_as_uint(x) & 0x7FFFFFFFu;

        most = magnitude > INFINITE ? most : max(most, magnitude);
    }
    most = warp_most(most);
    if (threadIdx.x % WARP == 0)
        atomicMax(amax, most);
}

typedef struct ScaleWork {
    uint32_t *seen; /* amax; ends as 0 */
    const float *history;
    float *out;
    int steps;
    Fp8Scaling how;
    float most; /* the format's largest number; delayed: below it by the margin */
    bool more;  /* a micro-batch that is not the step's first */
} ScaleWork;

static __device__ float scale_for(float amax, float most, float otherwise)
{
    float scale = most / amax;

    if (!(amax > 0.0f) || isinf(amax))
        return otherwise;
    return isinf(scale) ? FLT_MAX : scale;
}

/* One warp. */
static __global__ void scale_kernel(const __grid_constant__ ScaleWork work)
{
    float amax = __uint_as_float(*work.seen), before = work.history[FP8_LAST_SCALE], scale = 1.0f;
    float past = 0.0f;

    for (int i = threadIdx.x; i < work.steps; i += WARP)
        past = fmaxf(past, work.history[FP8_LAST_AMAX + i]);
    for (int offset = WARP / 2; offset > 0; offset /= 2)
        past = fmaxf(past, __shfl_xor_sync(0xFFFFFFFFu, past, offset));
    if (threadIdx.x != 0)
        return;
    if (work.how == FP8_SCALING_CURRENT)
        scale = scale_for(amax, work.most, 1.0f);
    else if (work.how == FP8_SCALING_DELAYED)
        scale = scale_for(past, work.most, before > 0.0f ? before : 1.0f);
    work.out[FP8_SCALE] = scale;
    work.out[FP8_INVERSE] = 1.0f / scale;
    work.out[FP8_AMAX] = work.more ? fmaxf(work.out[FP8_AMAX], amax) : amax;
    *work.seen = 0;
}

Status cuda_fp8_scale(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Array in = plan->arrays[(size_t)of->in[0]], history = plan->arrays[(size_t)of->in[1]];
    cudaStream_t stream = plan->backend->stream;
    ScaleWork work = {};

    work.seen = plan->fp8_amax;
    work.history = (const float *)history.data;
    work.out = (float *)plan->arrays[(size_t)of->out].data;
    work.steps = history.cols - FP8_LAST_AMAX;
    work.how = (Fp8Scaling)of->constants[FP8_HOW];
    work.most = (float)ldexp((Format)of->constants[FP8_FORMAT] == FORMAT_E4M3 ? 448.0 : 57344.0,
                             -(int)of->constants[FP8_MARGIN]);
    work.more = plan->round > 0;
    amax_kernel<<<plan_blocks(plan, (int64_t)in.rows * in.cols, 1), THREADS, 0, stream>>>(
        in, plan->fp8_amax);
    scale_kernel<<<1, WARP, 0, stream>>>(work);
    return cuda_launched(plan->backend, "a scale was found");
}

template <Format TO> static __device__ __forceinline__ uint8_t fp8_bits(float x)
{
    uint8_t sign = (uint8_t)(__float_as_uint(x) >> 24 & 0x80u);

    if (isnan(x))
        return sign | (TO == FORMAT_E4M3 ? 0x7Fu : 0x7Eu);
    return (uint8_t)__nv_cvt_float_to_fp8(x, __NV_SATFINITE,
                                          TO == FORMAT_E4M3 ? __NV_E4M3 : __NV_E5M2);
}

/* Half precision holds every number of both formats, and so does bf16. */
template <Format OF> static __device__ __forceinline__ uint16_t carried_bits(uint8_t bits)
{
    __half_raw half = __nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)bits,
                                              OF == FORMAT_E4M3 ? __NV_E4M3 : __NV_E5M2);

    return round_bits<FORMAT_BF16>(__half2float(__half(half)));
}

typedef struct CastWork {
    Array in, out;
    uint8_t *across; /* NULL: out is carried in bf16 */
    int across_stride;
    const float *scale; /* NULL: `out` is there, and only turned */
    Counter counter;
    const StepState *state;
} CastWork;

/* A number of `out` from its place of `in`, stored; its pattern. */
template <Format TO>
static __device__ __forceinline__ uint8_t cast_number(const CastWork &work, int row, int col,
                                                      float scale, Seen *seen)
{
    int64_t at = (int64_t)row * work.out.stride + col;
    float x;
    uint8_t bits;

    if (work.scale == NULL)
        return ((const uint8_t *)work.out.data)[at];
    x = load_at<FORMAT_BF16>(work.in, row, col) * scale;
    bits = fp8_bits<TO>(x);
    if (work.counter.tally != NULL)
        count_value(work.counter.edges, seen, x);
    if (work.out.format == FORMAT_BF16)
        ((uint16_t *)work.out.data)[at] = carried_bits<TO>(bits);
    else
        ((uint8_t *)work.out.data)[at] = bits;
    return bits;
}

/* A tile at a time, so that both copies are written along their rows. */
template <Format TO>
static __device__ void cast_tile(const CastWork &work, int tile, float scale, Seen *seen,
                                 uint8_t (*bits)[SIDE_OF_TILE + 4])
{
    int tiles = (work.out.cols + SIDE_OF_TILE - 1) / SIDE_OF_TILE;
    int top = tile / tiles * SIDE_OF_TILE, left = tile % tiles * SIDE_OF_TILE;

    for (int i = threadIdx.x; i < TILE_NUMBERS; i += THREADS) {
        int y = i / SIDE_OF_TILE, x = i % SIDE_OF_TILE;

        if (top + y < work.out.rows && left + x < work.out.cols)
            bits[y][x] = cast_number<TO>(work, top + y, left + x, scale, seen);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < TILE_NUMBERS && work.across != NULL; i += THREADS) {
        int x = i / SIDE_OF_TILE, y = i % SIDE_OF_TILE;

        if (top + y < work.out.rows && left + x < work.out.cols)
            work.across[(int64_t)(left + x) * work.across_stride + top + y] = bits[y][x];
    }
    __syncthreads();
}

template <Format TO>
static __global__ void __launch_bounds__(THREADS)
    cast_kernel(const __grid_constant__ CastWork work, int tiles)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    __shared__ uint8_t bits[SIDE_OF_TILE][SIDE_OF_TILE + 4];
    float scale = work.scale == NULL ? 1.0f : work.scale[FP8_SCALE];
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x)
        cast_tile<TO>(work, tile, scale, &seen, bits);
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

static Status run_cast(Plan *plan, const CastWork *work, Format to)
{
    int tiles = (work->out.rows + SIDE_OF_TILE - 1) / SIDE_OF_TILE *
                ((work->out.cols + SIDE_OF_TILE - 1) / SIDE_OF_TILE);
    int blocks = tiles < plan->mass_slots ? tiles : plan->mass_slots;
    cudaStream_t stream = plan->backend->stream;

    if (to == FORMAT_E4M3)
        cast_kernel<FORMAT_E4M3><<<blocks, THREADS, 0, stream>>>(*work, tiles);
    else
        cast_kernel<FORMAT_E5M2><<<blocks, THREADS, 0, stream>>>(*work, tiles);
    return cuda_launched(plan->backend, "a cast to fp8 started");
}

static CastWork cast_work(const Plan *plan, ValueId id)
{
    CastWork work = {};

    work.out = plan->arrays[(size_t)id];
    work.across = (uint8_t *)plan->across[(size_t)id];
    work.across_stride = padded(work.out.rows);
    work.state = plan->state;
    return work;
}

Status cuda_cast_fp8(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    CastWork work = cast_work(plan, of->out);

    work.in = plan->arrays[(size_t)of->in[0]];
    work.scale = (const float *)plan->arrays[(size_t)of->in[1]].data;
    work.counter = plan_counter(plan, instr);
    return run_cast(plan, &work, plan_value(plan, of->out)->format);
}

Status fp8_follow(Plan *plan, ValueId id)
{
    CastWork work;

    if (!format_is_fp8(plan->arrays[(size_t)id].format))
        return ok();
    work = cast_work(plan, id);
    return run_cast(plan, &work, plan_value(plan, id)->format);
}

/* One block. */
static __global__ void __launch_bounds__(THREADS)
    history_kernel(float *history, int steps, const float *seen)
{
    __shared__ float kept[FP8_MOST_HISTORY];

    for (int i = threadIdx.x; i < steps; i += THREADS)
        kept[i] = history[FP8_LAST_AMAX + i];
    __syncthreads();
    for (int i = threadIdx.x; i < steps; i += THREADS)
        history[FP8_LAST_AMAX + i] = i == 0 ? seen[FP8_AMAX] : kept[i - 1];
    if (threadIdx.x == 0)
        history[FP8_LAST_SCALE] = seen[FP8_SCALE];
}

Status cuda_fp8_history(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Array history = plan->arrays[(size_t)of->in[0]];

    history_kernel<<<1, THREADS, 0, plan->backend->stream>>>(
        (float *)history.data, history.cols - FP8_LAST_AMAX,
        (const float *)plan->arrays[(size_t)of->in[1]].data);
    return cuda_launched(plan->backend, "an amax was remembered");
}
