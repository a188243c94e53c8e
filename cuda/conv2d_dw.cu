/* conv2d_dw: src/cpu/conv2d_dw.c has the contract. Blocks take parts of the places, whose sums are added in
 * order into the sums that are rounded.
 */
#include "conv.cuh"
#include "fp8.cuh"

typedef struct DwWork {
    Conv conv;
    float *sums; /* (parts, outputs, taps) */
    int taps, k, part, parts, row_tiles, tap_tiles;
} DwWork;

typedef struct Room {
    uint32_t left[CONV_MANY_ROWS * MMA_ROWS * CONV_STRIDE_WORDS];
    uint32_t right[CONV_TAPS * CONV_STRIDE_WORDS];
    Tap taps[CONV_TAPS];
} Room;

/* Places k and, of narrow numbers, the next: a word of a row of each side. */
template <Format F> struct Places {
    Spot spots[Packed<F>::COUNT];
    const void *douts[Packed<F>::COUNT]; /* of output 0; NULL: there is no such place */
};

template <Format F>
static __device__ __forceinline__ Places<F> places_at(const DwWork &work, int k, int end)
{
    const Conv &conv = work.conv;
    Places<F> places;

#pragma unroll
    for (int i = 0; i < Packed<F>::COUNT; i++) {
        int example = quotient(conv.out.by_area, k + i);
        int64_t at =
            (int64_t)example * conv.dout.stride + remainder(conv.out.by_area, k + i, example);

        places.spots[i] = spot_of<F>(conv, k + i, end);
        places.douts[i] = k + i < end ? number_at<F>(conv.dout.data, at) : NULL;
    }
    return places;
}

/* A thread's word of every row and of every tap: neighbouring threads have neighbouring places. */
template <Format F, int ROWS>
static __device__ __forceinline__ void take(const DwWork &work, const Places<F> &places,
                                            int first_row, Room *room)
{
    const Conv &conv = work.conv;
    const int lines = THREADS / CONV_WORDS;
    int word = threadIdx.x % CONV_WORDS, line = threadIdx.x / CONV_WORDS;
    int count = (int)conv.out.by_area.by;

#pragma unroll
    for (int r = 0; r < ROWS * MMA_ROWS / lines; r++) {
        int row = first_row + r * lines + line;
        uint32_t bits = 0;

#pragma unroll
        for (int i = 0; i < Packed<F>::COUNT; i++)
            if (row < conv.outputs && places.douts[i] != NULL)
                bits |= load_number<F>(places.douts[i], row * count) << 16 * i;
        room->left[(r * lines + line) * CONV_STRIDE_WORDS + word] = bits;
    }
#pragma unroll
    for (int t = 0; t < CONV_TAPS / lines; t++) {
        Tap tap = room->taps[t * lines + line];
        uint32_t bits = 0;

#pragma unroll
        for (int i = 0; i < Packed<F>::COUNT; i++)
            bits |= seen_from<F>(conv, places.spots[i], tap) << 16 * i;
        room->right[(t * lines + line) * CONV_STRIDE_WORDS + word] = bits;
    }
}

template <int ROWS>
static __device__ __forceinline__ void store(const DwWork &work, const Sums (&sums)[ROWS][1],
                                             int part, int first_row, int first_tap)
{
    int lane = threadIdx.x % WARP;

#pragma unroll
    for (int m = 0; m < ROWS; m++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = first_row + m * MMA_ROWS + lane / 4 + i / 2 * (MMA_ROWS / 2);
            int tap = first_tap + threadIdx.x / WARP * MMA_COLS + lane % 4 * 2 + i % 2;

            if (row < work.conv.outputs && tap < work.taps)
                work.sums[((int64_t)part * work.conv.outputs + row) * work.taps + tap] =
                    sums[m][0].at[i];
        }
}

template <Format F, int ROWS>
static __global__ void __launch_bounds__(THREADS) dw_kernel(const __grid_constant__ DwWork work)
{
    __shared__ Room room;
    const int chunk = CONV_WORDS * Packed<F>::COUNT;
    int tiles = work.row_tiles * work.tap_tiles, part = blockIdx.x / tiles;
    int first_row = blockIdx.x % tiles % work.row_tiles * (ROWS * MMA_ROWS);
    int first_tap = blockIdx.x % tiles / work.row_tiles * CONV_TAPS;
    int end = min((part + 1) * work.part, work.k);
    Sums sums[ROWS][1] = {};

    if (threadIdx.x < CONV_TAPS)
        room.taps[threadIdx.x] = tap_of(work.conv, first_tap + (int)threadIdx.x, work.taps);
    wait_for_previous();
#pragma unroll 1
    for (int first = part * work.part; first < end; first += chunk) {
        int k = first + (int)threadIdx.x % CONV_WORDS * Packed<F>::COUNT;

        __syncthreads();
        take<F, ROWS>(work, places_at<F>(work, k, end), first_row, &room);
        __syncthreads();
        multiply<F>(room.left, room.right + threadIdx.x / WARP * (MMA_COLS * CONV_STRIDE_WORDS),
                    sums);
    }
    store(work, sums, part, first_row, first_tap);
}

/* Each line of a block adds every eighth part in order, then the lines in order. */
static __global__ void __launch_bounds__(THREADS)
    add_kernel(const float *sums, int parts, int rows, int cols, float *to, int stride)
{
    __shared__ float lines[THREADS / WARP][WARP];
    int lane = threadIdx.x % WARP, line = threadIdx.x / WARP, count = rows * cols;
    int at = blockIdx.x * WARP + lane;
    float sum = 0.0f;

    wait_for_previous();
#pragma unroll 4
    for (int part = line; part < parts; part += THREADS / WARP)
        sum += at < count ? sums[(int64_t)part * count + at] : 0.0f;
    lines[line][lane] = sum;
    __syncthreads();
    if (line > 0 || at >= count)
        return;
    for (int i = 1; i < THREADS / WARP; i++)
        sum += lines[i][lane];
    to[(int64_t)(at / cols) * stride + at % cols] = sum;
}

static DwWork work_of(const Conv *conv)
{
    DwWork work = {*conv};
    int height = (conv_has_many(conv->outputs) ? CONV_MANY_ROWS : CONV_FEW_ROWS) * MMA_ROWS;
    int most;

    work.taps = conv->channels * conv->kernel * conv->kernel;
    work.k = conv->examples * conv->out.height * conv->out.width;
    work.row_tiles = (conv->outputs + height - 1) / height;
    work.tap_tiles = (work.taps + CONV_TAPS - 1) / CONV_TAPS;
    most = CONV_PART / (work.row_tiles * work.tap_tiles);
    most = most < 1 ? 1 : most;
    work.part = (work.k + most - 1) / most;
    work.part = (work.part + 2 * CONV_WORDS - 1) / (2 * CONV_WORDS) * (2 * CONV_WORDS);
    work.parts = (work.k + work.part - 1) / work.part;
    return work;
}

Status conv_dw_room(const Plan *plan, int instr, size_t *bytes)
{
    DwWork work;
    Conv conv;

    TRY(conv_of(plan, instr, &conv));
    work = work_of(&conv);
    *bytes = (size_t)work.parts * (size_t)conv.outputs * (size_t)work.taps * sizeof *work.sums;
    return ok();
}

template <Format F> static const void *kernel_of(bool many)
{
    return many ? (const void *)dw_kernel<F, CONV_MANY_ROWS>
                : (const void *)dw_kernel<F, CONV_FEW_ROWS>;
}

static const void *kernel_for(Format format, bool many)
{
    switch (format) {
    case FORMAT_FP16:
        return kernel_of<FORMAT_FP16>(many);
    case FORMAT_BF16:
        return kernel_of<FORMAT_BF16>(many);
    case FORMAT_TF32:
        return kernel_of<FORMAT_TF32>(many);
    default:
        return kernel_of<FORMAT_FP32>(many);
    }
}

Status product_conv_dw(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    const Array *out = &plan->arrays[(size_t)of->out];
    float *to = plan->raws[(size_t)instr];
    int stride = raw_stride(out, out->format);
    DwWork work;
    Conv conv;

    TRY(conv_of(plan, instr, &conv));
    conv.dout = plan->arrays[(size_t)of->in[0]];
    conv.pictures = plan->arrays[(size_t)of->in[1]];
    work = work_of(&conv);
    work.sums = plan->conv_sums;
    void *arguments[] = {&work};
    void *adding[] = {&work.sums, &work.parts, &conv.outputs, &work.taps, &to, &stride};

    TRY(launch_early(plan, kernel_for(conv.dout.format, conv_has_many(conv.outputs)),
                     work.parts * work.row_tiles * work.tap_tiles, 0, arguments,
                     "a convolution's weights were looked at"));
    TRY(launch_early(plan, (const void *)add_kernel, (conv.outputs * work.taps + WARP - 1) / WARP,
                     0, adding, "a convolution's sums were added"));
    return fp8_descale(plan, instr, to, (int64_t)conv.outputs * stride);
}

Status cuda_conv2d_dw(Plan *plan, int instr)
{
    TRY(product_conv_dw(plan, instr));
    return chain_alone(plan, instr);
}
