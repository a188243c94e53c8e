#include "sliding.cuh"

typedef struct Slide {
    int examples, channels, outputs, kernel, stride, pad;
    Plane in, out;
} Slide;

static Slide slide_of(const Plan *plan, int instr)
{
    Sliding s = instr_sliding(&plan->program, &plan->program.instrs[instr]);

    return {(int)s.examples,
            (int)s.channels,
            (int)s.outputs,
            (int)s.kernel,
            (int)s.stride,
            (int)s.pad,
            {(int)s.height, (int)s.width},
            {(int)s.out_height, (int)s.out_width}};
}

static bool is_narrow_format(Format format)
{
    return format == FORMAT_FP16 || format == FORMAT_BF16;
}

static Array matrix(Format format, int64_t rows, int64_t cols)
{
    Array array = {};

    array.format = format;
    array.rows = (int)rows;
    array.cols = (int)cols;
    array.stride = (int)(is_narrow_format(format) ? (cols + 15) / 16 * 16 : cols);
    return array;
}

static size_t matrix_bytes(const Array &array)
{
    return (size_t)array.rows * (size_t)array.stride * (is_narrow_format(array.format) ? 2 : 4);
}

static Format operands(const Plan *plan, int instr)
{
    return plan->arrays[(size_t)plan->program.instrs[instr].in[0]].format;
}

Array sliding_columns(const Plan *plan, int instr)
{
    Sliding s = instr_sliding(&plan->program, &plan->program.instrs[instr]);
    Array array = matrix(operands(plan, instr), s.examples * sliding_places(&s), sliding_taps(&s));

    array.data = plan->columns;
    return array;
}

Array sliding_turned(const Plan *plan, int instr)
{
    Sliding s = instr_sliding(&plan->program, &plan->program.instrs[instr]);
    Array array = matrix(operands(plan, instr), s.examples * sliding_places(&s), s.outputs);

    array.data = plan->turned;
    return array;
}

/* As far apart as products of narrow operands write them. */
Array sliding_sums(const Plan *plan, int instr)
{
    bool forward = plan->program.instrs[instr].op == OP_CONV2D;
    Array array = forward ? sliding_turned(plan, instr) : sliding_columns(plan, instr);

    array.format = FORMAT_FP32;
    array.data = plan->place_sums;
    return array;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool is_too_long(const Plan *plan, int instr)
{
    Sliding s = instr_sliding(&plan->program, &plan->program.instrs[instr]);

    return s.examples * sliding_places(&s) > INT32_MAX;
}

Status lay_sliding(Plan *plan)
{
    size_t columns = 0, turned = 0, sums = 0;

    for (int i = 0; i < plan->program.instr_count; i++) {
        OpKind op = plan->program.instrs[i].op;

        if (op != OP_CONV2D && op != OP_CONV2D_DX && op != OP_CONV2D_DW)
            continue;
        if (is_too_long(plan, i))
            return fail(STATUS_UNSUPPORTED,
                        "cuda convolves at most %d places in a step; make the batch "
                        "smaller, or the stride larger",
                        INT32_MAX);
        if (op != OP_CONV2D_DX)
            columns = larger(columns, matrix_bytes(sliding_columns(plan, i)));
        if (op != OP_CONV2D)
            turned = larger(turned, matrix_bytes(sliding_turned(plan, i)));
        if (op != OP_CONV2D_DW)
            sums = larger(sums, matrix_bytes(sliding_sums(plan, i)));
    }
    if (sums == 0)
        return ok();
    TRY(plan_room(plan, MEMORY_WORKSPACE, columns, &plan->columns));
    TRY(plan_room(plan, MEMORY_WORKSPACE, turned, &plan->turned));
    return plan_room(plan, MEMORY_WORKSPACE, sums, (void **)&plan->place_sums);
}

/* A warp for each row of the matrix. T: as wide as a number is stored. */
template <class T>
static __global__ void __launch_bounds__(THREADS)
    take_kernel(const Slide s, const Array pictures, const Array columns)
{
    int places = s.out.height * s.out.width, step = gridDim.x * (THREADS / WARP);

    for (int row = blockIdx.x * (THREADS / WARP) + threadIdx.x / WARP; row < columns.rows;
         row += step) {
        const T *from = (const T *)pictures.data + (int64_t)(row / places) * pictures.stride;
        T *to = (T *)columns.data + (int64_t)row * columns.stride;
        int top = row % places / s.out.width * s.stride - s.pad;
        int left = row % places % s.out.width * s.stride - s.pad;

        for (int tap = threadIdx.x % WARP; tap < columns.stride; tap += WARP) {
            int channel = tap / (s.kernel * s.kernel);
            int y = top + tap / s.kernel % s.kernel, x = left + tap % s.kernel;
            bool inside =
                tap < columns.cols && y >= 0 && y < s.in.height && x >= 0 && x < s.in.width;

            to[tap] = inside ? from[column_of(s.in, channel, y, x)] : (T)0;
        }
    }
}

template <class T>
static __global__ void __launch_bounds__(THREADS)
    turn_kernel(const int places, const Array dout, const Array turned)
{
    int step = gridDim.x * (THREADS / WARP);

    for (int row = blockIdx.x * (THREADS / WARP) + threadIdx.x / WARP; row < turned.rows;
         row += step) {
        const T *from = (const T *)dout.data + (int64_t)(row / places) * dout.stride + row % places;
        T *to = (T *)turned.data + (int64_t)row * turned.stride;

        for (int channel = threadIdx.x % WARP; channel < turned.stride; channel += WARP)
            to[channel] = channel < turned.cols ? from[(int64_t)channel * places] : (T)0;
    }
}

Status sliding_take(Plan *plan, int instr, ValueId pictures)
{
    Array columns = sliding_columns(plan, instr);
    int blocks = plan_blocks(plan, (int64_t)columns.rows * WARP, 1);
    cudaStream_t stream = plan->backend->stream;

    if (is_narrow_format(columns.format))
        take_kernel<uint16_t><<<blocks, THREADS, 0, stream>>>(
            slide_of(plan, instr), plan->arrays[(size_t)pictures], columns);
    else
        take_kernel<uint32_t><<<blocks, THREADS, 0, stream>>>(
            slide_of(plan, instr), plan->arrays[(size_t)pictures], columns);
    return cuda_launched(plan->backend, "a convolution started");
}

Status sliding_turn(Plan *plan, int instr, ValueId dout)
{
    Array turned = sliding_turned(plan, instr);
    Slide s = slide_of(plan, instr);
    int blocks = plan_blocks(plan, (int64_t)turned.rows * WARP, 1);
    cudaStream_t stream = plan->backend->stream;

    if (is_narrow_format(turned.format))
        turn_kernel<uint16_t><<<blocks, THREADS, 0, stream>>>(s.out.height * s.out.width,
                                                              plan->arrays[(size_t)dout], turned);
    else
        turn_kernel<uint32_t><<<blocks, THREADS, 0, stream>>>(s.out.height * s.out.width,
                                                              plan->arrays[(size_t)dout], turned);
    return cuda_launched(plan->backend, "a convolution started");
}
