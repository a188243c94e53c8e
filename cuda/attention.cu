/* Attention's products, head by head, and what stands around them; src/cpu/attention.c.
 *
 * Every sum takes its terms one by one, in their order, whatever the tiles: in tf32, and in 16-bit formats where
 * tensor cores do not take them (heads_mma.cu), products are exact in fp32, and it has the CPU's bits. (A
 * product and its sum are rounded together, which takes one instruction instead of two; there is no other form
 * of these kernels that would have to agree.)
 */
#include "heads.cuh"
#include "places.cuh"

enum { CHUNK = 32, TALL_PITCH = TALL + 1 };

/* A chunk into `to` (CHUNK, PITCH): `outer` of a tile's rows or columns, and of the terms as many as are
 * left; zeros beyond. ALONG: terms are neighbours in memory, else the others are. `load` brings the numbers
 * from (outer, term) on. */
template <int WIDTH, int OUTER, int PITCH, bool ALONG, class Load>
static __device__ __forceinline__ void load_chunk(int outer, int terms, Load load,
                                                  float (*to)[PITCH])
{
    const int fast = (ALONG ? CHUNK : OUTER) / WIDTH;

#pragma unroll
    for (int at = threadIdx.x; at < CHUNK * OUTER / WIDTH; at += THREADS) {
        int along = at % fast * WIDTH, turn = at / fast;
        int o = ALONG ? turn : along, term = ALONG ? along : turn;
        float x[WIDTH] = {};

        if (o < outer && term < terms)
            load(o, term, x);
#pragma unroll
        for (int i = 0; i < WIDTH; i++)
            to[ALONG ? term + i : term][ALONG ? o : o + i] = x[i];
    }
}

template <Format F, HeadsKind KIND, int COLS, int WIDTH>
static __device__ __forceinline__ void load_chunks(const HeadsWork &work, const HeadsTile &tile,
                                                   int first, float (*a)[TALL_PITCH],
                                                   float (*b)[COLS + 4])
{
    int rows = work.time - tile.row,
        terms = (KIND == HEADS_SQUARE ? work.width : work.time) - first;
    int cols = (KIND == HEADS_SQUARE ? work.time : work.width) - tile.col;
    int begin = tile.example * work.time;

    load_chunk<WIDTH, TALL, TALL_PITCH, KIND != HEADS_TURNED>(
        rows, terms,
        [&](int o, int term, float(&x)[WIDTH]) {
            if (KIND == HEADS_SQUARE)
                load_some<F, WIDTH>(work.a, begin + tile.row + o,
                                    row_col(work, tile, 0, first + term), x);
            else if (KIND == HEADS_ROW)
                load_some<F, WIDTH>(work.a, tile.example,
                                    square_col(work, tile, tile.row + o, first + term), x);
            else
                load_some<F, WIDTH>(work.a, tile.example,
                                    square_col(work, tile, first + term, tile.row + o), x);
        },
        a);
    load_chunk<WIDTH, COLS, COLS + 4, KIND == HEADS_SQUARE>(
        cols, terms,
        [&](int o, int term, float(&x)[WIDTH]) {
            if (KIND == HEADS_SQUARE)
                load_some<F, WIDTH>(work.b, begin + tile.col + o,
                                    row_col(work, tile, work.part, first + term), x);
            else
                load_some<F, WIDTH>(work.b, begin + first + term,
                                    row_col(work, tile, work.part, tile.col + o), x);
        },
        b);
}

/* A thread's numbers of a tile: ROWS of them, `step` apart, and four neighbours of each. */
template <int COLS> struct Mine {
    static const int across = COLS / 4, step = THREADS / across, rows = TALL / step;
    float sums[rows][4];
    int row, col; /* the first, in the tile */
};

/* Terms first .. first + CHUNK - 1, but for those that are masked: `past` (rows of the result looked at from
 * the first term) says for which of a row's terms they begin, or end. */
template <HeadsKind KIND, int COLS, bool MASKED>
static __device__ __forceinline__ void
add_chunk(Mine<COLS> *mine, int past, const float (*a)[TALL_PITCH], const float (*b)[COLS + 4])
{
#pragma unroll 8
    for (int term = 0; term < CHUNK; term++) {
        float4 y = *(const float4 *)&b[term][mine->col];

#pragma unroll
        for (int r = 0; r < Mine<COLS>::rows; r++) {
            int row = mine->row + r * Mine<COLS>::step, edge = past + row;
            float x = a[term][row];
            float *sums = mine->sums[r];

            if (MASKED && (KIND == HEADS_ROW ? term > edge : term < edge))
                continue;
            sums[0] = fmaf(x, y.x, sums[0]);
            sums[1] = fmaf(x, y.y, sums[1]);
            sums[2] = fmaf(x, y.z, sums[2]);
            sums[3] = fmaf(x, y.w, sums[3]);
        }
    }
}

template <Format F, HeadsKind KIND, int COLS, int WIDTH>
static __device__ __forceinline__ void sum_tile(const HeadsWork &work, const HeadsTile &tile,
                                                Mine<COLS> *mine)
{
    __shared__ float a[CHUNK][TALL_PITCH];
    __shared__ alignas(16) float b[CHUNK][COLS + 4];
    int first = KIND == HEADS_TURNED ? tile.row : 0;
    int end = KIND == HEADS_SQUARE ? (tile.col < tile.row + TALL ? work.width : 0)
              : KIND == HEADS_ROW  ? min(work.time, tile.row + TALL)
                                   : work.time;

    for (; first < end; first += CHUNK) {
        bool masked = KIND == HEADS_ROW ? first + CHUNK > tile.row + 1 : first < tile.row + TALL;

        load_chunks<F, KIND, COLS, WIDTH>(work, tile, first, a, b);
        __syncthreads();
        if (KIND != HEADS_SQUARE && masked)
            add_chunk<KIND, COLS, true>(mine, tile.row - first, a, b);
        else
            add_chunk<KIND, COLS, false>(mine, 0, a, b);
        __syncthreads();
    }
}

/* Four neighbours, of which `count` are the result's. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void put_four(const HeadsWork &work, Seen *seen, int row, int col,
                                                int count, float (&v)[4])
{
    if constexpr (WIDTH == 4) {
        put_some<F, 4>(work.out, work.counter, seen, row, col, v);
    } else {
        for (int i = 0; i < 4 && i < count; i++) {
            float one[1] = {v[i]};

            put_some<F, 1>(work.out, work.counter, seen, row, col + i, one);
        }
    }
}

template <Format F, HeadsKind KIND, int COLS, int WIDTH>
static __device__ __forceinline__ void put_tile(const HeadsWork &work, const HeadsTile &tile,
                                                Mine<COLS> *mine, Seen *seen)
{
    int col = tile.col + mine->col;
    int left = (KIND == HEADS_SQUARE ? work.time : work.width) - col;

#pragma unroll
    for (int r = 0; r < Mine<COLS>::rows; r++) {
        int row = tile.row + mine->row + r * Mine<COLS>::step;

        if (row >= work.time || left <= 0)
            continue;
        if (KIND == HEADS_SQUARE) {
            for (int i = 0; i < 4; i++)
                if (col + i > row)
                    mine->sums[r][i] = 0.0f;
            put_four<F, WIDTH>(work, seen, tile.example, square_col(work, tile, row, col), left,
                               mine->sums[r]);
        } else
            put_four<F, WIDTH>(work, seen, tile.example * work.time + row,
                               row_col(work, tile, 0, col), left, mine->sums[r]);
    }
}

template <Format F, HeadsKind KIND, int COLS, int WIDTH>
static __global__ void __launch_bounds__(THREADS)
    heads_kernel(const __grid_constant__ HeadsWork work)
{
    __shared__ Tally tally;
    __shared__ Mass warps[THREADS / WARP];
    Seen seen;

    seen_begin(&seen, &tally);
    tally_clear(&tally);
    __syncthreads();
    for (int t = blockIdx.x; t < work.all_tiles; t += gridDim.x) {
        HeadsTile tile = tile_at(work, t, COLS);
        Mine<COLS> mine = {};

        mine.row = threadIdx.x / Mine<COLS>::across;
        mine.col = threadIdx.x % Mine<COLS>::across * 4;
        sum_tile<F, KIND, COLS, WIDTH>(work, tile, &mine);
        put_tile<F, KIND, COLS, WIDTH>(work, tile, &mine, &seen);
    }
    __syncthreads();
    if (work.counter.tally != NULL)
        counter_finish(work.counter, work.state->parity, &seen, &tally, warps);
}

template <Format F, HeadsKind KIND, int COLS> static Status launch(Plan *plan, HeadsWork *work)
{
    int blocks = heads_tiles(plan, KIND, work, COLS);
    cudaStream_t stream = plan->backend->stream;

    if (work->time % 4 == 0 && work->width % 4 == 0)
        heads_kernel<F, KIND, COLS, 4><<<blocks, THREADS, 0, stream>>>(*work);
    else
        heads_kernel<F, KIND, COLS, 1><<<blocks, THREADS, 0, stream>>>(*work);
    return cuda_launched(plan->backend, "attention started");
}

template <Format F, HeadsKind KIND> static Status launch_fitting(Plan *plan, HeadsWork *work)
{
    return KIND == HEADS_SQUARE || work->width > 32 ? launch<F, KIND, 64>(plan, work)
                                                    : launch<F, KIND, 32>(plan, work);
}

/* `part`: of a row of qkv that b takes; 0: all of another row. */
template <HeadsKind KIND> static Status run(Plan *plan, int instr, int part)
{
    const Instr *of = &plan->program.instrs[instr];
    Heads h = instr_heads(&plan->program, of);
    HeadsWork work = {};

    work.a = plan->arrays[(size_t)of->in[0]];
    work.b = plan->arrays[(size_t)of->in[1]];
    work.out = plan->arrays[(size_t)of->out];
    work.counter = plan_counter(plan, instr);
    work.state = plan->state;
    work.time = (int)h.time;
    work.width = (int)h.width;
    work.heads = (int)h.heads;
    work.tasks = (int)(h.examples * h.heads);
    work.part = part * (int)(h.heads * h.width);
    if (heads_mma_fits(plan, &work))
        return heads_mma_run(plan, KIND, &work);
    return plan->low == FORMAT_BF16 ? launch_fitting<FORMAT_BF16, KIND>(plan, &work)
                                    : launch_fitting<FORMAT_FP16, KIND>(plan, &work);
}

enum { KEYS = 1, VALUES = 2 };

Status cuda_attention_scores(Plan *plan, int instr)
{
    return run<HEADS_SQUARE>(plan, instr, KEYS);
}

Status cuda_attention_dprobs(Plan *plan, int instr)
{
    return run<HEADS_SQUARE>(plan, instr, VALUES);
}

Status cuda_attention_values(Plan *plan, int instr)
{
    return run<HEADS_ROW>(plan, instr, VALUES);
}

Status cuda_attention_dq(Plan *plan, int instr)
{
    return run<HEADS_ROW>(plan, instr, KEYS);
}

Status cuda_attention_dk(Plan *plan, int instr)
{
    return run<HEADS_TURNED>(plan, instr, 0);
}

Status cuda_attention_dv(Plan *plan, int instr)
{
    return run<HEADS_TURNED>(plan, instr, 0);
}

typedef struct QueryWork {
    Array qkv;
    float scale;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        return load_at<F>(qkv, row, col) * scale;
    }
} QueryWork;

Status cuda_attention_query(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Heads h = instr_heads(&plan->program, of);
    QueryWork work = {};

    work.qkv = plan->arrays[(size_t)of->in[0]];
    work.scale = heads_scale(&h);
    return places_run(plan, instr, &work);
}

typedef struct JoinWork {
    Array dq, dk, dv;
    float scale;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        int width = dq.cols;

        if (col < width)
            return load_at<F>(dq, row, col) * scale;
        return col < 2 * width ? load_at<F>(dk, row, col - width)
                               : load_at<F>(dv, row, col - 2 * width);
    }
} JoinWork;

Status cuda_attention_join(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Heads h = instr_heads(&plan->program, of);
    JoinWork work = {};

    work.dq = plan->arrays[(size_t)of->in[0]];
    work.dk = plan->arrays[(size_t)of->in[1]];
    work.dv = plan->arrays[(size_t)of->in[2]];
    work.scale = heads_scale(&h);
    return places_run(plan, instr, &work);
}
