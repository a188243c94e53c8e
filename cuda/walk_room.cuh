/* The first kernel's shared memory, and how its threads put numbers where they are kept. */
#ifndef CUDA_WALK_ROOM_CUH
#define CUDA_WALK_ROOM_CUH

#include "count.cuh"
#include "walk.cuh"

enum { WARPS = THREADS / WARP, PAD = 8, GATHER_AT_ONCE = 4, HALF_WARP = WARP / 2 };

/* A block's shared memory, laid out by the widths of the layers. */
typedef struct Room {
    uint16_t *halves; /* of each layer (16, in_stride), what it takes in, and (16, grad_stride), the
                          gradient of its output */
    uint16_t
        *weights; /* of each layer, for each tile of this block, (8, in_stride) on the way forward,
                          and (rows, 8) back */
    float (*logits)[WALK_CLASSES];
    int64_t *examples;
    int *labels;
    Tally *tallies;
    Mass *masses; /* (tallies, WARPS) */
} Room;

/* Rows of four neighbours follow each other through all banks. */
static __host__ __device__ __forceinline__ int in_stride(const WalkLayer &layer)
{
    return ((layer.weight.cols + LINEAR_BLOCK - 1) / LINEAR_BLOCK | 1) * LINEAR_BLOCK;
}

static __host__ __device__ __forceinline__ int grad_stride(const WalkLayer &layer)
{
    return (layer.weight.rows + MMA_K - 1) / MMA_K * MMA_K + PAD;
}

/* Numbers of a tile's weights: on the way forward (8, in_stride) and their biases, and back (rows, 8). */
static __host__ __device__ __forceinline__ int forward_room(const WalkLayer &layer)
{
    return MMA_COLS * (in_stride(layer) + 1);
}

static __host__ __device__ __forceinline__ int backward_room(const WalkLayer &layer)
{
    return MMA_COLS * (grad_stride(layer) - PAD);
}

static __device__ __forceinline__ uint16_t *in_of(const Room &room, const WalkLayer &layer)
{
    return room.halves + layer.in_at;
}

static __device__ __forceinline__ uint16_t *grad_of(const Room &room, const WalkLayer &layer)
{
    return room.halves + layer.grad_at;
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
    room.labels = (int *)(room.logits + WALK_ROWS);
    room.tallies = (Tally *)(room.labels + WALK_ROWS);
    room.weights = (uint16_t *)(((uintptr_t)(room.tallies + walk.tallies) + 15) & ~(uintptr_t)15);
    return room;
}

static __device__ void room_clear(const Room &room)
{
    uint4 *from = (uint4 *)room.masses, *to = (uint4 *)room.weights;

    for (int i = threadIdx.x; i < to - from; i += THREADS)
        from[i] = make_uint4(0, 0, 0, 0);
}

/* Where one warp stands: its rows, and what it has seen of the store at hand. */
template <bool COUNTED> struct PlaceOf {
    static const bool counts = COUNTED;
    int first, lane, warp; /* first row of the cluster in the batch */
    bool stores;           /* this block stores and counts what all compute */
    CountEdges edges;
    Seen seen;
};

template <class Place>
static __device__ __forceinline__ void spot_begin(const Room &room, const Spot &spot, Place *place)
{
    if (Place::counts)
        seen_begin(&place->seen, room.tallies + max(spot.tally, 0));
}

template <class Place>
static __device__ __forceinline__ void spot_end(const Room &room, const Spot &spot, Place *place)
{
    if (!Place::counts || spot.tally < 0)
        return;
    Mass mass = seen_join(&place->seen, &room.tallies[spot.tally]);

    if (place->lane == 0)
        mass_add(&room.masses[spot.tally * WARPS + place->warp], mass);
}

template <Format F> static __device__ __forceinline__ float2 unpack(uint32_t bits)
{
    return make_float2(widen_bits<F>(bits & 0xFFFFu), widen_bits<F>(bits >> 16));
}

template <class Place>
static __device__ __forceinline__ uint16_t *spot_at(const Spot &spot, const Place *place, int row,
                                                    int col)
{
    return (uint16_t *)spot.array.data + (place->first + row) * spot.array.stride + col;
}

/* Counts, rounds and stores two neighbours of the cluster's row `row`; gives their bits. Behind an odd
 * row's end `high` is a zero that nobody counts. */
template <Format F, class Place>
static __device__ __forceinline__ uint32_t put_pair(const Spot &spot, Place *place, int row,
                                                    int col, float low, float high)
{
    uint32_t bits = pack<F>(low, high);

    if (!place->stores)
        return bits;
    if (Place::counts && spot.tally >= 0) {
        count_value(place->edges, &place->seen, low);
        if (col + 1 < spot.array.cols)
            count_value(place->edges, &place->seen, high);
    }
    *(uint32_t *)spot_at(spot, place, row, col) = bits;
    return bits;
}

/* The same for one number; gives what was stored. */
template <Format F, class Place>
static __device__ __forceinline__ float put(const Spot &spot, Place *place, int row, int col,
                                            float value)
{
    uint32_t bits = pack<F>(value, 0.0f);

    if (Place::counts && place->stores && spot.tally >= 0)
        count_value(place->edges, &place->seen, value);
    if (place->stores)
        *spot_at(spot, place, row, col) = (uint16_t)bits;
    return unpack<F>(bits).x;
}

#endif
