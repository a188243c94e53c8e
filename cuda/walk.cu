/* The first kernel of a small network's step: forward, loss and the gradients of activations.
 *
 * A cluster of WALK_CLUSTER blocks takes WALK_ROWS rows of the batch.
 */
#include "walk_layers.cuh"

/* Tiles of 8 columns of a block, where `blocks` share them. */
static int block_tiles(int cols, int blocks)
{
    int tiles = (cols + MMA_COLS - 1) / MMA_COLS;

    return (tiles + blocks - 1) / blocks;
}

int walk_lay(Walk *walk)
{
    walk->halves = walk->weights = 0;
    for (int i = 0; i < walk->count; i++) {
        WalkLayer *layer = &walk->layers[i];
        int blocks = i == walk->count - 1 ? 1 : WALK_CLUSTER;

        layer->in_at = walk->halves;
        layer->grad_at = layer->in_at + WALK_ROWS * in_stride(*layer);
        walk->halves = layer->grad_at + WALK_ROWS * grad_stride(*layer);
        layer->weight_at = walk->weights;
        layer->column_at =
            layer->weight_at + block_tiles(layer->weight.rows, blocks) * forward_room(*layer);
        walk->weights = layer->column_at;
        if (i > 0)
            walk->weights += block_tiles(layer->weight.cols, WALK_CLUSTER) * backward_room(*layer);
    }
    return (walk->halves + walk->weights) * 2 + WALK_ROWS * WALK_CLASSES * (int)sizeof(float) +
           WALK_ROWS * (int)(sizeof(int) + sizeof(int64_t)) +
           walk->tallies * (int)(WARPS * sizeof(Mass) + sizeof(Tally)) + 64;
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
    begin.end.state->found = begin.end.state->overlooked = NOT_FOUND;
    step_constants(begin.end, begin.end.state);
}

/* Which example each row is, and its label: by a warp that has the fewest weights to fetch. */
template <class Place>
static __device__ void find_rows(const Walk &walk, const Room &room, const Place *place, int rank)
{
    int row = threadIdx.x % WARP, in_batch = place->first + row;

    if (place->warp != WARPS - 1 || row >= WALK_ROWS || in_batch >= walk.rows)
        return;
    room.examples[row] = example_of(walk.begin.examples, walk.begin.end.scalars, in_batch);
    room.labels[row] = walk.begin.labels[room.examples[row]];
    if (rank == 0)
        walk.begin.target[in_batch] = (float)room.labels[row];
}

/* The rows of the next step are far away: their first way, into the cache, need not be waited for. A warp
 * for each of the block's rows, the last ones, which are done first. */
template <class Place>
static __device__ void prefetch_rows(const Walk &walk, const Place *place, int rank)
{
    const int line = 128 / sizeof(float);
    int turn = WARPS - 1 - place->warp, row = place->first + turn * WALK_CLUSTER + rank;

    if (turn >= WALK_ROWS / WALK_CLUSTER || row >= walk.rows)
        return;
    const float *from =
        walk.inputs +
        walk.features * example_of(walk.begin.examples, walk.begin.end.scalars, walk.rows + row);

#pragma unroll 1
    for (int col = place->lane * line; col < walk.features; col += WARP * line)
        asm volatile("prefetch.global.L2 [%0];" ::"l"(from + col));
}

/* Four neighbours of a row into shared memory, and, in the block they belong to, where they are kept. */
template <Format F, class Place>
static __device__ __forceinline__ void take_four(Place *place, bool counted, uint16_t *in,
                                                 uint16_t *low, float *kept, float4 x)
{
    uint2 bits = make_uint2(pack<F>(x.x, x.y), pack<F>(x.z, x.w));

    *(uint2 *)in = bits;
    if (!place->stores)
        return;
    *(float4 *)kept = x;
    *(uint2 *)low = bits;
    if (!Place::counts || !counted)
        return;
    count_value(place->edges, &place->seen, x.x);
    count_value(place->edges, &place->seen, x.y);
    count_value(place->edges, &place->seen, x.z);
    count_value(place->edges, &place->seen, x.w);
}

/* A warp takes two rows; those of warp r are stored and counted by block r. Little code rather
 * than unrolled code (README.md), and nothing in it that comes out of shared memory again and again. */
template <Format F, class Place>
static __device__ void gather_fours(const Walk &walk, const Room &room, Place *place)
{
    const int features = walk.features, rows = walk.rows, fours = features / 4;
    const int stride = in_stride(walk.layers[0]), low_stride = walk.low.array.stride;
    const bool counted = walk.low.tally >= 0;
    const float *inputs = walk.inputs;
    float *kept = (float *)walk.x.data;
    uint16_t *in = in_of(room, walk.layers[0]), *low = (uint16_t *)walk.low.array.data;

#pragma unroll 1
    for (int row = place->warp * 2; row < place->warp * 2 + 2; row++) {
        int in_batch = place->first + row;

        if (in_batch >= rows)
            break;
        const float4 *from = (const float4 *)(inputs + room.examples[row] * features);
        uint16_t *in_row = in + row * stride, *low_row = low + in_batch * low_stride;
        float *kept_row = kept + in_batch * features;

#pragma unroll 1
        for (int first = place->lane; first < fours; first += WARP * GATHER_AT_ONCE) {
            float4 x[GATHER_AT_ONCE];

#pragma unroll
            for (int i = 0; i < GATHER_AT_ONCE; i++)
                x[i] = __ldg(from + min(first + i * WARP, fours - 1));
#pragma unroll
            for (int i = 0; i < GATHER_AT_ONCE; i++) {
                int col = (first + i * WARP) * 4;

                if (col < features)
                    take_four<F>(place, counted, in_row + col, low_row + col, kept_row + col, x[i]);
            }
        }
    }
}

template <Format F, class Place>
static __device__ void gather_ones(const Walk &walk, const Room &room, Place *place)
{
    for (int row = place->warp * 2; row < place->warp * 2 + 2; row++)
        for (int col = place->lane; col < walk.features && place->first + row < walk.rows;
             col += WARP) {
            float x = __ldg(walk.inputs + room.examples[row] * walk.features + col);

            if (place->stores)
                ((float *)walk.x.data)[(place->first + row) * walk.features + col] = x;
            in_of(room, walk.layers[0])[row * in_stride(walk.layers[0]) + col] =
                (uint16_t)pack<F>(put<F>(walk.low, place, row, col, x), 0.0f);
        }
}

template <Format F, class Place>
static __device__ void gather(const Walk &walk, const Room &room, Place *place, int rank)
{
    place->stores = place->warp == rank;
    spot_begin(room, walk.low, place);
    if (walk.features % 4 == 0)
        gather_fours<F>(walk, room, place);
    else
        gather_ones<F>(walk, room, place);
    if (place->stores)
        spot_end(room, walk.low, place);
    place->stores = true;
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

template <Format F, bool COUNTED>
static __global__ void __cluster_dims__(WALK_CLUSTER, 1, 1) __launch_bounds__(THREADS, 1)
    walk_kernel(const Walk *description)
{
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ Walk walk;

    let_next_start();
    fetch_plan(&walk, description, sizeof walk);
    cg::cluster_group cluster = cg::this_cluster();
    Room room = room_of(walk, shared);
    int rank = (int)cluster.block_rank();
    PlaceOf<COUNTED> place = {(int)(blockIdx.x / WALK_CLUSTER) * WALK_ROWS,
                              (int)(threadIdx.x % WARP),
                              (int)(threadIdx.x / WARP),
                              true,
                              walk.edges,
                              {}};

    room_clear(room);
    __syncthreads();
    find_rows(walk, room, &place, rank);
    fetch_weights(walk, room, place.warp, rank);
    cluster.sync();
    gather<F>(walk, room, &place, rank);
    __syncthreads();
    for (int l = 0; l < walk.count; l++) {
        place.stores = l < walk.count - 1 || rank == 0;
        if (l == 0)
            copies_wait<1>();
        else
            copies_wait<0>();
        forward_layer<F>(cluster, walk, room, &place, l);
        if (l < walk.count - 1)
            cluster.sync();
    }
    __syncthreads();
    loss_rows<F>(walk, room, &place);
    __syncthreads();
    place.stores = true;
    for (int l = walk.count - 1; l > 0; l--) {
        backward_layer<F>(cluster, walk, room, &place, l);
        if (l > 1)
            cluster.sync();
    }
    prefetch_rows(walk, &place, rank);
    housekeeping(walk.begin); /* the last warps, which have no tile, come here first */
    flush(walk, room);
}

/* The one that counts nothing has less code to fetch. */
template <Format F> static const void *kernel_of(bool counted)
{
    return counted ? (const void *)walk_kernel<F, true> : (const void *)walk_kernel<F, false>;
}

static cudaError_t launch(const void *kernel, const WalkRun *run, cudaStream_t stream)
{
    int clusters = (run->walk.rows + WALK_ROWS - 1) / WALK_ROWS, bytes = run->bytes;
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
    bool counted = run->walk.tallies > 0;
    const void *kernel = plan->low == FORMAT_BF16 ? kernel_of<FORMAT_BF16>(counted)
                                                  : kernel_of<FORMAT_FP16>(counted);

    return cuda_status(plan->backend, launch(kernel, run, plan->backend->stream),
                       "a small network's step started");
}
