/* Attention's products on tensor cores, for operands in 16 bits whose sizes are multiples of 4; attention.cu.
 *
 * Terms are taken 16 at a time, in their order, whatever the tiles. On the diagonal what is masked goes in as
 * zeros; where inf or nan would meet them, the chunk is summed term by term without what is masked.
 */
#include "heads.cuh"
#include "mma.cuh"

enum { TERMS = 64, TERM_PITCH = TERMS + 8, TALL_PITCH = TALL + 8 };

/* A chunk of both operands as they are stored. `a`: terms are neighbours, but the rows are where it is turned;
 * `b`: columns are, but for squares terms are. */
typedef union Operand {
    uint16_t terms_last[TALL][TERM_PITCH];
    uint16_t terms_first[TERMS][TALL_PITCH];
} Operand;

/* A warp's part of a tile: 16 rows, and NUMBER times 8 columns. */
template <int COLS> struct Part {
    static const int number = COLS / 2 / MMA_COLS;
    Sums sums[number];
    int row, col; /* the first of the warp, in the tile */
};

static __device__ __forceinline__ bool is_masked(HeadsKind kind, int row, int term)
{
    return kind == HEADS_ROW ? term > row : kind == HEADS_TURNED && term < row;
}

template <Format F> static __device__ __forceinline__ bool is_broken(uint32_t two)
{
    uint32_t exponent = F == FORMAT_BF16 ? 0x7F80u : 0x7C00u;

    return (two & exponent) == exponent || (two >> 16 & exponent) == exponent;
}

/* Four neighbours of an operand into their place. */
static __device__ __forceinline__ void put_bits(uint16_t *to, const uint32_t (&bits)[4])
{
    *(uint2 *)to = make_uint2(bits[0], bits[1]);
}

/* Terms first .. first + TERMS - 1 of the tile's rows. `masked`: some of them are. */
template <Format F, HeadsKind KIND>
static __device__ __forceinline__ void load_a(const HeadsWork &work, const HeadsTile &tile,
                                              int first, bool masked, Operand *to)
{
    int terms = (KIND == HEADS_SQUARE ? work.width : work.time) - first,
        rows = work.time - tile.row;

#pragma unroll
    for (int at = threadIdx.x; at < TALL * TERMS / 4; at += THREADS) {
        int fast = at % 16 * 4, slow = at / 16;
        int row = KIND == HEADS_TURNED ? fast : slow, term = KIND == HEADS_TURNED ? slow : fast;
        uint32_t bits[4] = {};

        if (row < rows && term < terms) {
            if (KIND == HEADS_SQUARE)
                load_bits<4>(work.a, tile.example * work.time + tile.row + row,
                             row_col(work, tile, 0, first + term), bits);
            else if (KIND == HEADS_ROW)
                load_bits<4>(work.a, tile.example,
                             square_col(work, tile, tile.row + row, first + term), bits);
            else
                load_bits<4>(work.a, tile.example,
                             square_col(work, tile, first + term, tile.row + row), bits);
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (masked && is_masked(KIND, tile.row + row + (KIND == HEADS_TURNED ? i : 0),
                                    first + term + (KIND == HEADS_TURNED ? 0 : i)))
                bits[i / 2] &= i % 2 == 0 ? 0xFFFF0000u : 0x0000FFFFu;
        put_bits(KIND == HEADS_TURNED ? &to->terms_first[term][row] : &to->terms_last[row][term],
                 bits);
    }
}

/* The same of the tile's columns; says whether some number is inf or nan. */
template <Format F, HeadsKind KIND, int COLS>
static __device__ __forceinline__ bool load_b(const HeadsWork &work, const HeadsTile &tile,
                                              int first, Operand *to)
{
    const int across = (KIND == HEADS_SQUARE ? TERMS : COLS) / 4;
    int terms = (KIND == HEADS_SQUARE ? work.width : work.time) - first;
    int cols = (KIND == HEADS_SQUARE ? work.time : work.width) - tile.col;
    bool broken = false;

#pragma unroll
    for (int at = threadIdx.x; at < COLS * TERMS / 4; at += THREADS) {
        int fast = at % across * 4, slow = at / across;
        int col = KIND == HEADS_SQUARE ? slow : fast, term = KIND == HEADS_SQUARE ? fast : slow;
        uint32_t bits[4] = {};

        if (col < cols && term < terms) {
            if (KIND == HEADS_SQUARE)
                load_bits<4>(work.b, tile.example * work.time + tile.col + col,
                             row_col(work, tile, work.part, first + term), bits);
            else
                load_bits<4>(work.b, tile.example * work.time + first + term,
                             row_col(work, tile, work.part, tile.col + col), bits);
        }
        broken = broken || is_broken<F>(bits[0]) || is_broken<F>(bits[1]);
        put_bits(KIND == HEADS_SQUARE ? &to->terms_last[col][term] : &to->terms_first[term][col],
                 bits);
    }
    return broken;
}

/* One number of an operand in shared memory. */
template <bool TERMS_LAST>
static __device__ __forceinline__ uint16_t number_of(const Operand &operand, int at, int term)
{
    return TERMS_LAST ? operand.terms_last[at][term] : operand.terms_first[term][at];
}

/* Two neighbours along the terms. */
template <bool TERMS_LAST>
static __device__ __forceinline__ uint32_t two_terms(const Operand &operand, int at, int term)
{
    if (TERMS_LAST)
        return *(const uint32_t *)&operand.terms_last[at][term];
    return pair(operand.terms_first[term][at], operand.terms_first[term + 1][at]);
}

template <Format F, HeadsKind KIND, int COLS>
static __device__ __forceinline__ void add_products(Part<COLS> *part, const Operand &a,
                                                    const Operand &b)
{
    const bool a_last = KIND != HEADS_TURNED, b_last = KIND == HEADS_SQUARE;
    int lane = threadIdx.x % WARP, row = part->row + lane / 4, col = part->col + lane / 4;

#pragma unroll
    for (int step = 0; step < TERMS; step += MMA_K) {
        int term = step + lane % 4 * 2;
        uint32_t a0 = two_terms<a_last>(a, row, term), a1 = two_terms<a_last>(a, row + 8, term);
        uint32_t a2 = two_terms<a_last>(a, row, term + 8);
        uint32_t a3 = two_terms<a_last>(a, row + 8, term + 8);

#pragma unroll
        for (int n = 0; n < Part<COLS>::number; n++)
            mma<F>(&part->sums[n], a0, a1, a2, a3, two_terms<b_last>(b, col + n * MMA_COLS, term),
                   two_terms<b_last>(b, col + n * MMA_COLS, term + 8));
    }
}

/* Row and column in the tile of a thread's number `i` of its sums `n`. */
template <int COLS> static __device__ __forceinline__ int row_of(const Part<COLS> &part, int i)
{
    return part.row + (int)(threadIdx.x % WARP) / 4 + i / 2 * 8;
}

template <int COLS>
static __device__ __forceinline__ int col_of(const Part<COLS> &part, int n, int i)
{
    return part.col + n * MMA_COLS + (int)(threadIdx.x % 4) * 2 + i % 2;
}

/* Term by term, but for those that are masked. `past`: of the first term, from the tile's first row. */
template <Format F, HeadsKind KIND, int COLS>
static __device__ __forceinline__ void add_unmasked(Part<COLS> *part, int past, const Operand &a,
                                                    const Operand &b)
{
#pragma unroll 1
    for (int term = 0; term < TERMS; term++)
#pragma unroll
        for (int n = 0; n < Part<COLS>::number; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = row_of(*part, i), col = col_of(*part, n, i);
                float x = widen_bits<F>(number_of<KIND != HEADS_TURNED>(a, row, term));
                float y = widen_bits<F>(number_of<KIND == HEADS_SQUARE>(b, col, term));

                if (!is_masked(KIND, row, past + term))
                    part->sums[n].at[i] += x * y;
            }
}

template <Format F, HeadsKind KIND, int COLS>
static __device__ __forceinline__ void sum_tile(const HeadsWork &work, const HeadsTile &tile,
                                                Operand *a, Operand *b, Part<COLS> *part)
{
    int first = KIND == HEADS_TURNED ? tile.row : 0;
    int end = KIND == HEADS_SQUARE ? (tile.col < tile.row + TALL ? work.width : 0)
              : KIND == HEADS_ROW  ? min(work.time, tile.row + TALL)
                                   : work.time;

    for (; first < end; first += TERMS) {
        bool masked = KIND != HEADS_SQUARE && first == tile.row, broken;

        load_a<F, KIND>(work, tile, first, masked, a);
        broken = load_b<F, KIND, COLS>(work, tile, first, b);
        if (__syncthreads_or(broken && masked) && KIND != HEADS_SQUARE)
            add_unmasked<F, KIND, COLS>(part, first - tile.row, *a, *b);
        else
            add_products<F, KIND, COLS>(part, *a, *b);
        __syncthreads();
    }
}

/* Two neighbours in a row, of which both are the result's or none is. */
template <Format F>
static __device__ __forceinline__ void store_two(const Array &out, int row, int col, float low,
                                                 float high)
{
    *(uint32_t *)((uint16_t *)out.data + (int64_t)row * out.stride + col) =
        narrow_bits<F>(low) | narrow_bits<F>(high) << 16;
}

template <Format F, HeadsKind KIND, int COLS>
static __device__ __forceinline__ void put_sums(const HeadsWork &work, const HeadsTile &tile,
                                                const Part<COLS> &part, int n, Seen *seen)
{
    int col = tile.col + col_of(part, n, 0);
    bool inside = col < (KIND == HEADS_SQUARE ? work.time : work.width);
    float v[4];

#pragma unroll
    for (int i = 0; i < 4; i++) {
        bool masked = KIND == HEADS_SQUARE && col + i % 2 > tile.row + row_of(part, i);

        v[i] = masked ? 0.0f : part.sums[n].at[i];
    }
    if (inside && work.counter.tally != NULL && tile.row + row_of(part, 2) < work.time)
        count_four(work.counter.edges, seen, v);
    else if (inside && work.counter.tally != NULL && tile.row + row_of(part, 0) < work.time) {
        count_value(work.counter.edges, seen, v[0]);
        count_value(work.counter.edges, seen, v[1]);
    }
#pragma unroll
    for (int i = 0; i < 4; i += 2) {
        int row = tile.row + row_of(part, i);

        if (!inside || row >= work.time)
            continue;
        if (KIND == HEADS_SQUARE)
            store_two<F>(work.out, tile.example, square_col(work, tile, row, col), v[i], v[i + 1]);
        else
            store_two<F>(work.out, tile.example * work.time + row, row_col(work, tile, 0, col),
                         v[i], v[i + 1]);
    }
}

template <Format F, HeadsKind KIND, int COLS>
static __global__ void __launch_bounds__(THREADS)
    heads_mma_kernel(const __grid_constant__ HeadsWork work)
{
    __shared__ alignas(16) Operand a;
    __shared__ alignas(16) Operand b;
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int t = blockIdx.x; t < work.all_tiles; t += gridDim.x) {
        HeadsTile tile = tile_at(work, t, COLS);
        int warp = threadIdx.x / WARP;
        Part<COLS> part = {};

        part.row = warp % 4 * MMA_ROWS;
        part.col = warp / 4 * (COLS / 2);
        sum_tile<F, KIND, COLS>(work, tile, &a, &b, &part);
#pragma unroll
        for (int n = 0; n < Part<COLS>::number; n++)
            put_sums<F, KIND, COLS>(work, tile, part, n, &seen);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

bool heads_mma_fits(const Plan *plan, const HeadsWork *work)
{
    bool narrow = plan->low == FORMAT_FP16 || plan->low == FORMAT_BF16;

    return narrow && work->a.format == plan->low && work->b.format == plan->low &&
           work->out.format == plan->low && plan->backend->capability >= 80 &&
           work->time % 4 == 0 && work->width % 4 == 0;
}

template <Format F, HeadsKind KIND, int COLS> static Status launch(Plan *plan, HeadsWork *work)
{
    int blocks = heads_tiles(plan, KIND, work, COLS);

    heads_mma_kernel<F, KIND, COLS><<<blocks, THREADS, 0, plan->backend->stream>>>(*work);
    return cuda_launched(plan->backend, "attention started");
}

template <Format F> static Status launch_kind(Plan *plan, HeadsKind kind, HeadsWork *work)
{
    bool few = work->width <= 32;

    if (kind == HEADS_SQUARE)
        return launch<F, HEADS_SQUARE, 64>(plan, work);
    if (kind == HEADS_ROW)
        return few ? launch<F, HEADS_ROW, 32>(plan, work) : launch<F, HEADS_ROW, 64>(plan, work);
    return few ? launch<F, HEADS_TURNED, 32>(plan, work) : launch<F, HEADS_TURNED, 64>(plan, work);
}

Status heads_mma_run(Plan *plan, HeadsKind kind, HeadsWork *work)
{
    return plan->low == FORMAT_BF16 ? launch_kind<FORMAT_BF16>(plan, kind, work)
                                    : launch_kind<FORMAT_FP16>(plan, kind, work);
}
