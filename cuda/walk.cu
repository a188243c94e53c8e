/* The first kernel of a small network's step: forward, loss and the gradients of activations.
 *
 * A cluster of WALK_CLUSTER blocks takes WALK_ROWS rows of the batch. Tile t of a layer's columns
 * belongs to block t % WALK_CLUSTER, on the way forward and back, so a thread finds its own numbers
 * again. The last layer is narrow: every block computes it for itself, and the first one stores it.
 */
#include "walk.cuh"

#include "count.cuh"
#include "loss.cuh"
#include "mma.cuh"

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

enum { WARPS = THREADS / WARP, PAD = 8, GATHER_AT_ONCE = 7 };

/* A block's shared memory, laid out by the widths of the layers. */
typedef struct Room {
    uint16_t *halves; /* of each layer (16, in_stride), what it takes in, and (16, grad_stride), the
                         gradient of its output */
    float (*logits)[WALK_CLASSES], (*log_softmax)[WALK_CLASSES], (*dlog)[WALK_CLASSES];
    int64_t *examples;
    int *labels;
    Tally *tallies;
    Mass *masses; /* (tallies, WARPS) */
} Room;

static __host__ __device__ __forceinline__ int in_stride(const WalkLayer &layer)
{
    return (layer.weight.cols + LINEAR_BLOCK - 1) / LINEAR_BLOCK * LINEAR_BLOCK + PAD;
}

static __host__ __device__ __forceinline__ int grad_stride(const WalkLayer &layer)
{
    return (layer.weight.rows + MMA_K - 1) / MMA_K * MMA_K + PAD;
}

static __device__ __forceinline__ uint16_t *in_of(const Room &room, const WalkLayer &layer)
{
    return room.halves + layer.in_at;
}

static __device__ __forceinline__ uint16_t *grad_of(const Room &room, const WalkLayer &layer)
{
    return room.halves + layer.grad_at;
}

void walk_lay(Walk *walk)
{
    walk->halves = 0;
    for (int i = 0; i < walk->count; i++) {
        WalkLayer *layer = &walk->layers[i];

        layer->in_at = walk->halves;
        layer->grad_at = layer->in_at + WALK_ROWS * in_stride(*layer);
        walk->halves = layer->grad_at + WALK_ROWS * grad_stride(*layer);
    }
}

static int room_bytes(const Walk &walk)
{
    return walk.halves * 2 + 3 * WALK_ROWS * WALK_CLASSES * (int)sizeof(float) +
           WALK_ROWS * (int)(sizeof(int) + sizeof(int64_t)) +
           walk.tallies * (int)(WARPS * sizeof(Mass) + sizeof(Tally)) + 64;
}

static __device__ Room room_of(const Walk &walk, unsigned char *at)
{
    Room room;

    room.masses = (Mass *)at;
    at += walk.tallies * WARPS * sizeof(Mass);
    room.examples = (int64_t *)at;
    at += WALK_ROWS * sizeof(int64_t);
    room.halves = (uint16_t *)at;
    at += walk.halves * 2;
    room.logits = (float(*)[WALK_CLASSES])at;
    room.log_softmax = room.logits + WALK_ROWS;
    room.dlog = room.log_softmax + WALK_ROWS;
    room.labels = (int *)(room.dlog + WALK_ROWS);
    room.tallies = (Tally *)(room.labels + WALK_ROWS);
    return room;
}

static __device__ void room_clear(const Walk &walk, const Room &room)
{
    uint32_t *from = (uint32_t *)room.masses, *to = (uint32_t *)(room.tallies + walk.tallies);

    for (int i = threadIdx.x; i < to - from; i += THREADS)
        from[i] = 0;
}

/* Where one warp stands: its rows, and what it has seen of the store at hand. */
typedef struct Place {
    int first, lane, warp; /* first row of the cluster in the batch */
    bool stores;           /* this block stores and counts what all compute */
    Seen seen;
} Place;

static __device__ __forceinline__ void spot_begin(Place *place)
{
    seen_begin(&place->seen);
}

static __device__ __forceinline__ void spot_end(const Room &room, const Spot &spot, Place *place)
{
    if (spot.tally < 0)
        return;
    Mass mass = seen_join(&place->seen, &room.tallies[spot.tally]);

    if (place->lane == 0)
        mass_add(&room.masses[spot.tally * WARPS + place->warp], mass);
}

/* Counts, rounds and stores a number of the batch's row `row` of this cluster; gives what was stored. */
template <Format F>
static __device__ __forceinline__ float put(const Room &room, const Spot &spot, Place *place,
                                            int row, int col, float value)
{
    if (place->stores && spot.tally >= 0)
        count_value(spot.counter.edges, &room.tallies[spot.tally], &place->seen, value);
    if (place->stores)
        return store_at<F>(spot.array, place->first + row, col, value);
    return rounded<F>(value);
}

/* All blocks at once: what the last step left goes. */
static __device__ void housekeeping(const Begin &begin)
{
    int at = blockIdx.x * THREADS + threadIdx.x, all = gridDim.x * THREADS;
    int parity = begin.end.state->parity ^ 1;
    uint32_t *tallies = (uint32_t *)(begin.tallies + parity * begin.counted);
    double *masses = (double *)(begin.masses + (int64_t)parity * begin.counted * begin.mass_slots);

    for (int i = at; i < begin.counted * TALLY_WORDS; i += all)
        tallies[i] = 0;
    for (int i = at; i < 2 * begin.counted * begin.mass_slots; i += all)
        masses[i] = 0.0;
    if (at != THREADS - 1)
        return;
    begin.end.state->found = NOT_FOUND;
    step_constants(begin.end, begin.end.state);
}

/* Which example each row is, and its label. */
static __device__ void find_rows(const Walk &walk, const Room &room, const Place *place, int rank)
{
    int row = threadIdx.x, in_batch = place->first + row;

    if (row >= WALK_ROWS || in_batch >= walk.rows)
        return;
    room.examples[row] = example_of(walk.begin.examples, walk.begin.end.scalars, in_batch);
    room.labels[row] = walk.begin.labels[room.examples[row]];
    if (rank == 0)
        walk.begin.target[in_batch] = (float)room.labels[row];
}

/* Some neighbours of one row into shared memory, and, in the block they belong to, where they are kept. */
template <Format F, int WIDTH>
static __device__ __forceinline__ void take_in(const Walk &walk, const Room &room, Place *place,
                                               int row, int col, float (&x)[WIDTH])
{
    uint16_t *to = in_of(room, walk.layers[0]) + row * in_stride(walk.layers[0]) + col;

    if (place->stores) {
        store_some<F, WIDTH>(walk.x, place->first + row, col, x);
#pragma unroll
        for (int i = 0; i < WIDTH; i++)
            if (walk.low.tally >= 0)
                count_value(walk.low.counter.edges, &room.tallies[walk.low.tally], &place->seen,
                            x[i]);
        store_some<F, WIDTH>(walk.low.array, place->first + row, col, x);
    }
#pragma unroll
    for (int i = 0; i < WIDTH; i++)
        to[i] = round_bits<F>(x[i]);
}

/* Every block fetches all rows of the cluster; block r stores and counts rows 2r and 2r + 1, which are
 * those of its warp r. */
template <Format F, int WIDTH>
static __device__ void gather_rows(const Walk &walk, const Room &room, Place *place, int rank)
{
    int across = walk.features / WIDTH;

    spot_begin(place);
    for (int first = 0; first < 2 * across; first += WARP * GATHER_AT_ONCE) {
        float x[GATHER_AT_ONCE][WIDTH];

#pragma unroll
        for (int i = 0; i < GATHER_AT_ONCE; i++) {
            int at = first + i * WARP + place->lane, row = place->warp * 2 + at / across;
            Array examples = {};

            if (at >= 2 * across || place->first + row >= walk.rows)
                continue;
            examples.data = (void *)(walk.inputs + room.examples[row] * walk.features);
            load_some<F, WIDTH>(examples, 0, at % across * WIDTH, x[i]);
        }
        place->stores = place->warp == rank;
#pragma unroll
        for (int i = 0; i < GATHER_AT_ONCE; i++) {
            int at = first + i * WARP + place->lane, row = place->warp * 2 + at / across;

            if (at < 2 * across && place->first + row < walk.rows)
                take_in<F, WIDTH>(walk, room, place, row, at % across * WIDTH, x[i]);
        }
    }
    if (place->warp == rank)
        spot_end(room, walk.low, place);
    place->stores = true;
}

template <Format F>
static __device__ void gather(const Walk &walk, const Room &room, Place *place, int rank)
{
    find_rows(walk, room, place, rank);
    __syncthreads();
    if (walk.features % 4 == 0)
        gather_rows<F, 4>(walk, room, place, rank);
    else
        gather_rows<F, 1>(walk, room, place, rank);
}

template <Format F>
static __device__ __forceinline__ Sums forward_tile(const WalkLayer &layer, const uint16_t *in,
                                                    int col)
{
    int group = threadIdx.x % WARP / 4, stride = in_stride(layer), limit = layer.weight.stride;
    const uint16_t *weight =
        (const uint16_t *)layer.weight.data + (int64_t)(col + group) * limit;
    bool is_col = col + group < layer.weight.rows;

    return linear_tile<F>(
        limit,
        [&](int half, int k) { return *(const uint4 *)(in + (group + half * 8) * stride + k); },
        [&](int k) {
            return is_col && k < limit ? __ldg((const uint4 *)(weight + k))
                                       : make_uint4(0, 0, 0, 0);
        });
}

/* The bias, the activation, and both stores of one number. */
template <Format F>
static __device__ __forceinline__ float activate(const Chain &none, const WalkLayer &layer, float v)
{
    Stage stage = {};
    float x[1] = {v}, nothing[1] = {};

    stage.kind = layer.activation;
    stage_numbers<F, 1>(none, stage, x, nothing);
    return x[0];
}

/* Two neighbours of a row for all blocks of the cluster, as operands of what comes next. */
template <Format F>
static __device__ __forceinline__ void hand_around(cg::cluster_group &cluster, uint16_t *mine,
                                                   float low, float high)
{
    uint32_t both = pair(round_bits<F>(low), round_bits<F>(high));

#pragma unroll
    for (int rank = 0; rank < WALK_CLUSTER; rank++)
        *(uint32_t *)cluster.map_shared_rank(mine, rank) = both;
}

template <Format F>
static __device__ void forward_layer(cg::cluster_group &cluster, const Walk &walk, const Room &room,
                                     Place *place, int l)
{
    const WalkLayer &layer = walk.layers[l];
    bool last = l == walk.count - 1;
    int step = last ? WARPS : WARPS * WALK_CLUSTER;
    int first = last ? place->warp : place->warp * WALK_CLUSTER + (int)cluster.block_rank();

    for (int tile = first; tile * MMA_COLS < layer.weight.rows; tile += step) {
        Sums sums = forward_tile<F>(layer, in_of(room, layer), tile * MMA_COLS);
        float active[4];
        Chain none;

        spot_begin(place);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = place->lane / 4 + i / 2 * 8;
            int col = tile * MMA_COLS + place->lane % 4 * 2 + i % 2;
            bool is = place->first + row < walk.rows && col < layer.weight.rows;

            sums.at[i] = is ? put<F>(room, layer.out, place, row, col,
                                     sums.at[i] + load_at<F>(layer.bias, 0, col))
                            : 0.0f;
        }
        spot_end(room, layer.out, place);
        spot_begin(place);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = place->lane / 4 + i / 2 * 8;
            int col = tile * MMA_COLS + place->lane % 4 * 2 + i % 2;
            bool is = place->first + row < walk.rows && col < layer.weight.rows;

            active[i] = sums.at[i];
            if (is && layer.active.array.data != NULL)
                active[i] = put<F>(room, layer.active, place, row, col,
                                   activate<F>(none, layer, sums.at[i]));
        }
        if (layer.active.array.data != NULL)
            spot_end(room, layer.active, place);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = place->lane / 4 + half * 8, col = tile * MMA_COLS + place->lane % 4 * 2;

            if (last) {
                room.logits[row][col] = active[half * 2];
                room.logits[row][col + 1] = active[half * 2 + 1];
            } else {
                hand_around<F>(cluster,
                               in_of(room, walk.layers[l + 1]) +
                                   row * in_stride(walk.layers[l + 1]) + col,
                               active[half * 2], active[half * 2 + 1]);
            }
        }
    }
}

/* log_softmax, nll and both gradients of one row: as loss.cu has it, from shared memory. */
template <Format F>
static __device__ void loss_row(const Walk &walk, const Room &room, Place *place, int row)
{
    const WalkLayer &layer = walk.layers[walk.count - 1];
    int col = place->lane, cols = layer.weight.rows, label = room.labels[row];
    float at_label = nll_gradient(walk.begin.end.scalars, walk.rows);
    float most, log_sum, x = 0.0f, dx = 0.0f, sum;

    row_log_sum(cols, [&](int c) { return room.logits[row][c]; }, &most, &log_sum);
    spot_begin(place);
    if (col < cols)
        x = put<F>(room, walk.log_softmax, place, row, col,
                   room.logits[row][col] - most - log_sum);
    spot_end(room, walk.log_softmax, place);
    if (col == label && place->stores)
        walk.slots[place->first + row] = -x;
    spot_begin(place);
    if (col < cols)
        dx = put<F>(room, walk.log_softmax_grad, place, row, col, col == label ? at_label : 0.0f);
    spot_end(room, walk.log_softmax_grad, place);
    sum = warp_sum_all(dx);
    spot_begin(place);
    if (col < cols)
        grad_of(room, layer)[row * grad_stride(layer) + col] = round_bits<F>(
            put<F>(room, layer.out_grad, place, row, col, dx - expf(x) * sum));
    spot_end(room, layer.out_grad, place);
}

template <Format F>
static __device__ __forceinline__ Sums backward_tile(const WalkLayer &layer, const uint16_t *grad,
                                                     int col)
{
    int group = threadIdx.x % WARP / 4, stride = grad_stride(layer);
    const uint16_t *weight = (const uint16_t *)layer.weight.data + col + group;

    return linear_dx_tile<F>(
        stride - PAD,
        [&](int half, int k) { return *(const uint32_t *)(grad + (group + half * 8) * stride + k); },
        [&](int k) { return __ldg(weight + (int64_t)k * layer.weight.stride); });
}

/* The gradient of layer l's input, and through the activation of the layer below to its output. */
template <Format F>
static __device__ void backward_layer(cg::cluster_group &cluster, const Walk &walk, const Room &room,
                                      Place *place, int l)
{
    const WalkLayer &layer = walk.layers[l], &below = walk.layers[l - 1];
    Stage slope = {};
    Chain none;

    slope.kind = below.slope;
    slope.out = below.out_grad.array;
    slope.aux = below.slope_of_output ? below.active.array : below.out.array;
    for (int tile = place->warp * WALK_CLUSTER + (int)cluster.block_rank();
         tile * MMA_COLS < layer.weight.cols; tile += WARPS * WALK_CLUSTER) {
        Sums sums = backward_tile<F>(layer, grad_of(room, layer), tile * MMA_COLS);

        spot_begin(place);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = place->lane / 4 + i / 2 * 8;
            int col = tile * MMA_COLS + place->lane % 4 * 2 + i % 2;
            bool is = place->first + row < walk.rows && col < layer.weight.cols;

            sums.at[i] = is ? put<F>(room, layer.in_grad, place, row, col, sums.at[i]) : 0.0f;
        }
        spot_end(room, layer.in_grad, place);
        spot_begin(place);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = place->lane / 4 + i / 2 * 8;
            int col = tile * MMA_COLS + place->lane % 4 * 2 + i % 2;
            bool is = place->first + row < walk.rows && col < layer.weight.cols;

            float x[1] = {sums.at[i]};

            if (!is || slope.kind == STAGE_COPY)
                continue;
            stage_compute<F, 1>(none, slope, x, place->first + row, col);
            sums.at[i] = put<F>(room, below.out_grad, place, row, col, x[0]);
        }
        if (slope.kind != STAGE_COPY)
            spot_end(room, below.out_grad, place);
#pragma unroll
        for (int half = 0; half < 2; half++)
            if (l > 1)
                hand_around<F>(cluster,
                           grad_of(room, below) +
                               (place->lane / 4 + half * 8) * grad_stride(below) +
                               tile * MMA_COLS + place->lane % 4 * 2,
                           sums.at[half * 2], sums.at[half * 2 + 1]);
    }
}

static __device__ void flush_spot(const Walk &walk, const Room &room, const Spot &spot)
{
    int parity = walk.begin.end.state->parity;

    if (spot.array.data == NULL || spot.tally < 0)
        return;
    tally_flush(&room.tallies[spot.tally], counter_tally(spot.counter, parity));
    if (threadIdx.x != 0)
        return;
    Mass mass = room.masses[spot.tally * WARPS];

    for (int i = 1; i < WARPS; i++)
        mass_add(&mass, room.masses[spot.tally * WARPS + i]);
    mass_add(&spot.counter.mass[parity * spot.counter.masses + blockIdx.x], mass);
}

static __device__ void flush(const Walk &walk, const Room &room)
{
    if (walk.tallies == 0)
        return;
    __syncthreads();
    flush_spot(walk, room, walk.low);
    flush_spot(walk, room, walk.log_softmax);
    flush_spot(walk, room, walk.log_softmax_grad);
    for (int l = 0; l < walk.count; l++) {
        flush_spot(walk, room, walk.layers[l].out);
        flush_spot(walk, room, walk.layers[l].active);
        flush_spot(walk, room, walk.layers[l].out_grad);
        flush_spot(walk, room, walk.layers[l].in_grad);
    }
}

#ifdef WALK_CLOCK
#include <stdio.h>
#define CLOCK(i) clocks[i] = clock64()
#else
#define CLOCK(i)
#endif
template <Format F>
static __global__ void __cluster_dims__(WALK_CLUSTER, 1, 1) __launch_bounds__(THREADS)
    walk_kernel(const Walk *description)
{
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ Walk walk;
#ifdef WALK_CLOCK
    long long clocks[20] = {};
#endif

    fetch_plan(&walk, description, sizeof walk);
    cg::cluster_group cluster = cg::this_cluster();
    Room room = room_of(walk, shared);
    int rank = (int)cluster.block_rank();
    Place place = {(int)(blockIdx.x / WALK_CLUSTER) * WALK_ROWS, (int)(threadIdx.x % WARP),
                   (int)(threadIdx.x / WARP), true, {}};

    CLOCK(0);
    room_clear(walk, room);
    cluster.sync();
    CLOCK(1);
    gather<F>(walk, room, &place, rank);
    __syncthreads();
    CLOCK(2);
    for (int l = 0; l < walk.count; l++) {
        place.stores = l < walk.count - 1 || rank == 0;
        forward_layer<F>(cluster, walk, room, &place, l);
        CLOCK(3 + 2 * l);
        if (l < walk.count - 1)
            cluster.sync();
        CLOCK(4 + 2 * l);
    }
    __syncthreads();
    for (int row = place.warp; row < WALK_ROWS && place.first + row < walk.rows; row += WARPS)
        loss_row<F>(walk, room, &place, row);
    __syncthreads();
    CLOCK(10);
    place.stores = true;
    for (int l = walk.count - 1; l > 0; l--) {
        backward_layer<F>(cluster, walk, room, &place, l);
        CLOCK(10 + 2 * l);
        if (l > 1)
            cluster.sync();
    }
    housekeeping(walk.begin); /* the last warps, which have no tile, come here first */
    CLOCK(16);
    flush(walk, room);
    CLOCK(17);
#ifdef WALK_CLOCK
    if (threadIdx.x == 0 && blockIdx.x == 0 && walk.begin.end.state->outcomes == 500)
        for (int i = 1; i < 18; i++)
            printf("walk %d %lld\n", i, clocks[i] - clocks[0]);
#endif
}

static cudaError_t launch(const void *kernel, const WalkRun *run, cudaStream_t stream)
{
    int clusters = (run->walk.rows + WALK_ROWS - 1) / WALK_ROWS, bytes = room_bytes(run->walk);
    void *arguments[] = {(void *)&run->device};
    cudaError_t error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);

    if (error != cudaSuccess)
        return error;
    return cudaLaunchKernel(kernel, dim3((unsigned)(clusters * WALK_CLUSTER)), dim3(THREADS),
                            arguments, (size_t)bytes, stream);
}

Status walk_run(Plan *plan, const WalkRun *run)
{
    const void *kernel = plan->low == FORMAT_BF16 ? (const void *)walk_kernel<FORMAT_BF16>
                                                  : (const void *)walk_kernel<FORMAT_FP16>;

    return cuda_status(plan->backend, launch(kernel, run, plan->backend->stream),
                       "a small network's step started");
}
