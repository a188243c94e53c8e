/* conv2d and conv2d_dx: the columns are places. A thread gathers half of what a column sees; a warp multiplies
 * 32 columns with half of the block's rows; the sums go through shared memory to where examples lie.
 */
#include "conv.cuh"

enum {
    HALVES = THREADS / CONV_COLUMNS, /* of the rows, and of what a column sees */
    WARP_TILES = CONV_COLUMNS * HALVES / (THREADS / WARP) / MMA_COLS,
    STAGED = CONV_COLUMNS + 4, /* a row of sums in shared memory */
};

typedef struct PlacesWork {
    Conv conv;
    Plane columns; /* whose places they are */
    int rows, cols, k, row_tiles, tiles;
} PlacesWork;

typedef struct Room {
    uint32_t left[CONV_MANY_ROWS * MMA_ROWS * CONV_STRIDE_WORDS];
    union {
        uint32_t right[CONV_COLUMNS * CONV_STRIDE_WORDS];
        float staged[MMA_ROWS * STAGED];
    };
    Tap taps[2 * CONV_WORDS];
} Room;

/* Of dx: which place of dout a number of the picture has given to through a tap. */
static __device__ __forceinline__ Tap giver_of(const Conv &conv, int k, int end)
{
    Position tap = kernel_position(conv, k);
    int offset = tap.channel * conv.out.height * conv.out.width;

    if (conv.stride == 1)
        offset -= tap.y * conv.out.width + tap.x;
    return {offset, k < end ? -tap.y : OUTSIDE, -tap.x};
}

template <Format F>
static __device__ __forceinline__ Spot taker_of(const Conv &conv, int at, int end)
{
    Position place = position_of(conv.in, at); /* its channel is the example */
    int top = place.y + conv.pad, left = place.x + conv.pad;
    int64_t start = (int64_t)place.channel * conv.dout.stride;

    if (conv.stride == 1)
        start += top * conv.out.width + left;
    return {number_at<F>(conv.dout.data, start), at < end ? top : OUTSIDE, left};
}

/* Is there such a place of dout? `at`: how far behind the spot's start. */
static __device__ __forceinline__ bool is_given(const Conv &conv, const Spot &spot, const Tap &tap,
                                                int *at)
{
    int y = spot.top + tap.down, x = spot.left + tap.right;

    *at = tap.offset;
    if (conv.stride == 1)
        return is_inside(conv.out, y, x);
    if (y < 0 || x < 0 || y % conv.stride != 0 || x % conv.stride != 0)
        return false;
    *at += y / conv.stride * conv.out.width + x / conv.stride;
    return is_inside(conv.out, y / conv.stride, x / conv.stride);
}

template <Format F, OpKind OP>
static __device__ __forceinline__ uint32_t gathered(const Conv &conv, const Spot &spot,
                                                    const Tap &tap)
{
    if (OP == OP_CONV2D)
        return seen_from<F>(conv, spot, tap);
    int at;

    return is_given(conv, spot, tap, &at) ? load_number<F>(spot.start, at) : 0;
}

/* Of dx's product: row `row`, k. */
template <Format F>
static __device__ __forceinline__ uint32_t weight_at(const Conv &conv, int row, int k)
{
    int square = (int)conv.by_square.by, output = quotient(conv.by_square, k);
    int64_t start = (int64_t)output * conv.weight.stride;

    return load_number<F>(number_at<F>(conv.weight.data, start),
                          row * square + remainder(conv.by_square, k, output));
}

template <Format F> static __device__ __forceinline__ bool is_odd(uint32_t bits)
{
    uint32_t exponent = F == FORMAT_FP16 ? 0x7C00u : F == FORMAT_BF16 ? 0x7F80u : 0x7F800000u;

    return (bits & exponent) == exponent;
}

/* Weights from k on; true: there is an inf or a nan among them. Narrow rows go on in zeros to their stride. */
template <Format F, OpKind OP, int ROWS>
static __device__ __forceinline__ bool take_weights(const PlacesWork &work, int first_row,
                                                    int first, uint32_t *left)
{
    const Conv &conv = work.conv;
    bool odd = false;

    for (int i = threadIdx.x; i < ROWS * MMA_ROWS * CONV_WORDS; i += THREADS) {
        int row = first_row + i / CONV_WORDS, k = first + i % CONV_WORDS * Packed<F>::COUNT;
        uint32_t word = 0;

        if (OP == OP_CONV2D && row < work.rows && k < conv.weight.stride)
            word =
                ((const uint32_t *)
                     conv.weight.data)[((int64_t)row * conv.weight.stride + k) / Packed<F>::COUNT];
        if (OP == OP_CONV2D_DX && row < work.rows)
            word = word_of<F>(k, work.k, [&](int at) {
                uint32_t number = weight_at<F>(conv, row, at);

                odd = odd || is_odd<F>(number);
                return number;
            });
        left[i / CONV_WORDS * CONV_STRIDE_WORDS + i % CONV_WORDS] = word;
    }
    return odd;
}

template <Format F, OpKind OP>
static __device__ __forceinline__ void gather(const Conv &conv, const Spot &spot, const Tap *taps,
                                              uint32_t *right)
{
    const int count = Packed<F>::COUNT;
    int first = threadIdx.x / CONV_COLUMNS * (CONV_WORDS / HALVES);

    right += threadIdx.x % CONV_COLUMNS * CONV_STRIDE_WORDS;
#pragma unroll
    for (int i = 0; i < CONV_WORDS / HALVES; i += 4) {
        uint32_t words[4];

#pragma unroll
        for (int j = 0; j < 4; j++) {
            const Tap *tap = &taps[(first + i + j) * count];

            words[j] = gathered<F, OP>(conv, spot, tap[0]);
            if (count == 2)
                words[j] |= gathered<F, OP>(conv, spot, tap[1]) << 16;
        }
        *(uint4 *)(right + first + i) = make_uint4(words[0], words[1], words[2], words[3]);
    }
}

/* Of dx: only what was given is a term. A zero in its place may be one more, but not where a weight is inf or
 * nan: then this takes the tensor cores' place. */
template <Format F>
static __device__ __noinline__ float sum_alone(const PlacesWork &work, int row, int col)
{
    const Conv &conv = work.conv;
    Spot spot = taker_of<F>(conv, col, work.cols);
    float sum = 0.0f;
    int at;

    for (int k = 0; k < work.k && row < work.rows && col < work.cols; k++)
        if (is_given(conv, spot, giver_of(conv, k, work.k), &at))
            sum = __fmaf_rn(number_in<F>(weight_at<F>(conv, row, k), 0),
                            number_in<F>(load_number<F>(spot.start, at), 0), sum);
    return sum;
}

/* A warp's rows, in tiles, and columns; and where a thread's sums of a tile belong. */
static __device__ __forceinline__ int warp_half(void)
{
    return threadIdx.x / CONV_COLUMNS;
}

static __device__ __forceinline__ int warp_col(void)
{
    return threadIdx.x % CONV_COLUMNS / WARP * (WARP_TILES * MMA_COLS);
}

static __device__ __forceinline__ int own_row(int i)
{
    return threadIdx.x % WARP / 4 + i / 2 * (MMA_ROWS / 2);
}

static __device__ __forceinline__ int own_col(int tile, int i)
{
    return warp_col() + tile * MMA_COLS + threadIdx.x % 4 * 2 + i % 2;
}

template <Format F, int ROWS>
static __device__ void sums_alone(const PlacesWork &work, int first_row, int first_col,
                                  Sums (&sums)[ROWS][WARP_TILES])
{
#pragma unroll
    for (int m = 0; m < ROWS; m++)
#pragma unroll
        for (int n = 0; n < WARP_TILES; n++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                sums[m][n].at[i] =
                    sum_alone<F>(work, first_row + (warp_half() * ROWS + m) * MMA_ROWS + own_row(i),
                                 first_col + own_col(n, i));
}

/* WIDTH neighbours that belong to one row of the result, from shared memory to where they are stored. */
template <Format F, OpKind OP, int WIDTH>
static __device__ __forceinline__ void pass(const PlacesWork &work, const Chain &chain,
                                            const float *staged, int first_row, int first_col,
                                            Seen *seen)
{
    int places = (int)work.columns.by_area.by;
    bool wide = chain.from.format == FORMAT_FP32;

#pragma unroll 1
    for (int i = threadIdx.x; i < MMA_ROWS * CONV_COLUMNS / WIDTH; i += THREADS) {
        int at = i % (CONV_COLUMNS / WIDTH) * WIDTH, line = i / (CONV_COLUMNS / WIDTH);
        int row = first_row + line, col = first_col + at;
        int example = quotient(work.columns.by_area, col);
        float bias = 0.0f, v[WIDTH];

        if (row >= work.rows || col >= work.cols)
            continue;
        if (OP == OP_CONV2D)
            bias = load_at<F>(work.conv.bias, 0, row);
#pragma unroll
        for (int j = 0; j < WIDTH; j++)
            v[j] = staged[line * STAGED + at + j];
        if (work.conv.scales[0] != NULL) {
            float inverse = work.conv.scales[0][FP8_INVERSE] * work.conv.scales[1][FP8_INVERSE];

#pragma unroll
            for (int j = 0; j < WIDTH; j++)
                v[j] *= inverse;
        }
#pragma unroll
        for (int j = 0; j < WIDTH && OP == OP_CONV2D; j++) {
            float sum = wide ? v[j] : rounded<F>(v[j]);

            v[j] = (isinf(sum) ? v[j] : sum) + bias;
        }
        chain_pass<F, WIDTH>(chain, v, example,
                             row * places + remainder(work.columns.by_area, col, example), seen);
    }
}

template <Format F, OpKind OP, int ROWS>
static __device__ __forceinline__ void store(const PlacesWork &work, const Chain &chain,
                                             const Sums (&sums)[ROWS][WARP_TILES], float *staged,
                                             int first_row, int first_col, Seen *seen)
{
    bool fours = work.columns.by_area.by % 4 == 0;

#pragma unroll
    for (int m = 0; m < HALVES * ROWS; m++) {
        __syncthreads();
#pragma unroll
        for (int n = 0; n < WARP_TILES && warp_half() == m / ROWS; n++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                staged[own_row(i) * STAGED + own_col(n, i)] = sums[m % ROWS][n].at[i];
        __syncthreads();
        if (fours)
            pass<F, OP, 4>(work, chain, staged, first_row + m * MMA_ROWS, first_col, seen);
        else
            pass<F, OP, 1>(work, chain, staged, first_row + m * MMA_ROWS, first_col, seen);
    }
    __syncthreads();
}

template <Format F, OpKind OP, int ROWS>
static __device__ __forceinline__ void tile(const PlacesWork &work, const Chain &chain, Room *room,
                                            int first_row, int first_col, Seen *seen)
{
    const Conv &conv = work.conv;
    const int chunk = CONV_WORDS * Packed<F>::COUNT;
    int col = first_col + (int)threadIdx.x % CONV_COLUMNS;
    Spot spot =
        OP == OP_CONV2D ? spot_of<F>(conv, col, work.cols) : taker_of<F>(conv, col, work.cols);
    Sums sums[ROWS][WARP_TILES] = {};
    bool odd = false;

#pragma unroll 1
    for (int first = 0; first < work.k; first += chunk) {
        int k = first + (int)threadIdx.x;

        if ((int)threadIdx.x < chunk)
            room->taps[threadIdx.x] =
                OP == OP_CONV2D ? tap_of(conv, k, work.k) : giver_of(conv, k, work.k);
        odd |= take_weights<F, OP, HALVES * ROWS>(work, first_row, first, room->left);
        __syncthreads();
        gather<F, OP>(conv, spot, room->taps, room->right);
        __syncthreads();
        multiply<F>(room->left + warp_half() * (ROWS * MMA_ROWS * CONV_STRIDE_WORDS),
                    room->right + warp_col() * CONV_STRIDE_WORDS, sums);
        __syncthreads();
    }
    if (OP == OP_CONV2D_DX && __syncthreads_or(odd))
        sums_alone<F>(work, first_row, first_col, sums);
    store<F, OP>(work, chain, sums, room->staged, first_row, first_col, seen);
}

template <Format F, OpKind OP, int ROWS>
static __global__ void __launch_bounds__(THREADS)
    conv_kernel(const __grid_constant__ PlacesWork work, const __grid_constant__ Chain chain)
{
    __shared__ Room room;
    __shared__ Tally tallies[MOST_STAGES];
    __shared__ Mass warps[THREADS / WARP];
    Seen seen[MOST_STAGES];

    chain_open(chain, tallies, seen);
    wait_for_previous();
    for (int i = blockIdx.x; i < work.tiles; i += gridDim.x)
        tile<F, OP, ROWS>(work, chain, &room, i % work.row_tiles * (HALVES * ROWS * MMA_ROWS),
                          i / work.row_tiles * CONV_COLUMNS, seen);
    chain_close(chain, tallies, seen, warps);
}

template <Format F> static const void *kernel_of(OpKind op, bool many)
{
    if (op == OP_CONV2D)
        return many ? (const void *)conv_kernel<F, OP_CONV2D, CONV_MANY_ROWS / HALVES>
                    : (const void *)conv_kernel<F, OP_CONV2D, CONV_FEW_ROWS / HALVES>;
    return many ? (const void *)conv_kernel<F, OP_CONV2D_DX, CONV_MANY_ROWS / HALVES>
                : (const void *)conv_kernel<F, OP_CONV2D_DX, CONV_FEW_ROWS / HALVES>;
}

static const void *kernel_for(Format format, OpKind op, bool many)
{
    switch (format) {
    case FORMAT_FP16:
        return kernel_of<FORMAT_FP16>(op, many);
    case FORMAT_BF16:
        return kernel_of<FORMAT_BF16>(op, many);
    case FORMAT_TF32:
        return kernel_of<FORMAT_TF32>(op, many);
    default:
        return kernel_of<FORMAT_FP32>(op, many);
    }
}

Status conv_of(const Plan *plan, int instr, Conv *conv)
{
    Sliding s = instr_sliding(&plan->program, &plan->program.instrs[instr]);
    int64_t places = s.height * s.width;

    places = places > sliding_places(&s) ? places : sliding_places(&s);
    if (s.examples * places > INT32_MAX - CONV_COLUMNS)
        return fail(STATUS_UNSUPPORTED,
                    "cuda convolves at most %d places in a step; make the batch smaller",
                    INT32_MAX - CONV_COLUMNS);
    *conv = {};
    conv->in = plane_sized(s.height, s.width);
    conv->out = plane_sized(s.out_height, s.out_width);
    conv->by_kernel = divider_of(s.kernel);
    conv->by_square = divider_of(s.kernel * s.kernel);
    conv->examples = (int)s.examples;
    conv->channels = (int)s.channels;
    conv->outputs = (int)s.outputs;
    conv->kernel = (int)s.kernel;
    conv->stride = (int)s.stride;
    conv->pad = (int)s.pad;
    for (int i = 0; i < 2; i++) {
        ValueId scale = plan->program.instrs[instr].in[PRODUCT_SCALES + i];

        if (scale != NO_VALUE)
            conv->scales[i] = (const float *)plan->arrays[(size_t)scale].data;
    }
    return ok();
}

Status conv_places_run(Plan *plan, int instr, const Conv *conv)
{
    OpKind op = plan->program.instrs[instr].op;
    bool forward = op == OP_CONV2D;
    PlacesWork work = {*conv, forward ? conv->out : conv->in};
    Chain chain = chain_behind(plan, instr);
    void *arguments[] = {&work, &chain};
    bool many;
    int height;

    work.rows = forward ? conv->outputs : conv->channels;
    work.cols = conv->examples * (int)work.columns.by_area.by;
    work.k = (forward ? conv->channels : conv->outputs) * conv->kernel * conv->kernel;
    many = conv_has_many(work.rows);
    height = (many ? CONV_MANY_ROWS : CONV_FEW_ROWS) * MMA_ROWS;
    work.row_tiles = (work.rows + height - 1) / height;
    work.tiles = work.row_tiles * ((work.cols + CONV_COLUMNS - 1) / CONV_COLUMNS);
    return launch_early(plan, kernel_for(conv->weight.format, op, many),
                        work.tiles < plan->mass_slots ? work.tiles : plan->mass_slots, 0, arguments,
                        "a convolution started");
}
