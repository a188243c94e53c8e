/* The layers of the first kernel: forward, loss, backward.
 *
 * Tile t of a layer's columns belongs to block t % WALK_CLUSTER, on the way forward and back, so a thread
 * finds its own numbers again. The last layer is narrow: every block computes it for itself, and the
 * first one stores it.
 */
#ifndef CUDA_WALK_LAYERS_CUH
#define CUDA_WALK_LAYERS_CUH

#include "loss.cuh"
#include "mma.cuh"
#include "walk_room.cuh"

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

/* Rows of a layer's weights: narrow matrices have rows of zeros up to a multiple of 16. */
typedef struct Rows {
    const uint16_t *at;
    int limit;

    __device__ __forceinline__ uint4 operator()(int k, bool checked) const
    {
        return !checked || k < limit ? __ldg((const uint4 *)(at + k)) : make_uint4(0, 0, 0, 0);
    }
} Rows;

static __device__ __forceinline__ Rows rows_of(const WalkLayer &layer, int col)
{
    int limit = layer.weight.stride;

    return {(const uint16_t *)layer.weight.data + (col + (int)(threadIdx.x % WARP) / 4) * limit,
            limit};
}

/* The first tile of a warp in a layer, whether or not there is one. */
template <class Place>
static __device__ __forceinline__ int first_tile(const Walk &walk, int l, const Place *place,
                                                 int rank)
{
    return l == walk.count - 1 ? place->warp : place->warp * WALK_CLUSTER + rank;
}

/* A layer's first weights can be on their way before its input is there. */
template <class Place>
static __device__ __forceinline__ Ahead fetch_ahead(const Walk &walk, int l, const Place *place,
                                                    int rank)
{
    const WalkLayer &layer = walk.layers[l];
    int col = first_tile(walk, l, place, rank) * MMA_COLS;

    if (col >= layer.weight.rows)
        return {};
    return linear_fetch(0, layer.weight.stride, rows_of(layer, col));
}

template <Format F>
static __device__ __forceinline__ Sums forward_tile(const WalkLayer &layer, const uint16_t *in,
                                                    int col, const Ahead &ahead)
{
    int stride = in_stride(layer);
    const uint16_t *x = in + (int)(threadIdx.x % WARP) / 4 * stride;

    return linear_tile<F>(
        layer.weight.stride, ahead,
        [&](int half, int k) { return *(const uint4 *)(x + half * 8 * stride + k); },
        rows_of(layer, col));
}

/* What two neighbours become in an activation, or in its slope. */
template <Format F>
static __device__ __forceinline__ float2 through(StageKind kind, float2 x, float2 aux)
{
    Stage stage = {};
    Chain none;
    float v[2] = {x.x, x.y}, y[2] = {aux.x, aux.y};

    stage.out.format = F;
    stage_numbers<F, 2>(none, stage, kind, v, y);
    return make_float2(v[0], v[1]);
}

/* Eight neighbours of two rows, a pair in each of four threads, for all blocks of the cluster: each
 * thread collects them and hands them to two of the blocks. `to`: where the rows begin here. */
static __device__ __forceinline__ void hand_around(cg::cluster_group &cluster, uint16_t *to,
                                                   int stride, const uint32_t (&words)[2])
{
    int lane = threadIdx.x % WARP, first = lane / 4 * 4;

#pragma unroll
    for (int half = 0; half < 2; half++) {
        uint4 all = make_uint4(__shfl_sync(0xFFFFFFFFu, words[half], first),
                               __shfl_sync(0xFFFFFFFFu, words[half], first + 1),
                               __shfl_sync(0xFFFFFFFFu, words[half], first + 2),
                               __shfl_sync(0xFFFFFFFFu, words[half], first + 3));
        uint16_t *mine = to + (lane / 4 + half * 8) * stride;

        *(uint4 *)cluster.map_shared_rank(mine, lane % 4 * 2) = all;
        *(uint4 *)cluster.map_shared_rank(mine, lane % 4 * 2 + 1) = all;
    }
}

/* The bias, the activation, both stores, of a tile's two rows of pairs. */
template <Format F, class Place>
static __device__ __forceinline__ void forward_end(const Walk &walk, const Room &room, Place *place,
                                                   const WalkLayer &layer, int col, uint32_t both,
                                                   const Sums &sums, uint32_t (&words)[2])
{
    float2 bias = unpack<F>(both);
    bool two = col + 1 < layer.weight.rows;

    spot_begin(place);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = place->lane / 4 + half * 8;

        words[half] = 0;
        if (place->first + row < walk.rows && col < layer.weight.rows)
            words[half] = put_pair<F>(room, layer.out, place, row, col, sums.at[half * 2] + bias.x,
                                      two ? sums.at[half * 2 + 1] + bias.y : 0.0f);
    }
    spot_end(room, layer.out, place);
    if (layer.activation == STAGE_COPY)
        return;
    spot_begin(place);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = place->lane / 4 + half * 8;
        float2 x = through<F>(layer.activation, unpack<F>(words[half]), make_float2(0.0f, 0.0f));

        if (place->first + row < walk.rows && col < layer.weight.rows)
            words[half] = put_pair<F>(room, layer.active, place, row, col, x.x, two ? x.y : 0.0f);
    }
    spot_end(room, layer.active, place);
}

template <Format F, class Place>
static __device__ void forward_layer(cg::cluster_group &cluster, const Walk &walk, const Room &room,
                                     Place *place, int l, Ahead ahead)
{
    const WalkLayer &layer = walk.layers[l];
    bool last = l == walk.count - 1;
    int step = last ? WARPS : WARPS * WALK_CLUSTER;
    int first = first_tile(walk, l, place, (int)cluster.block_rank());

    for (int tile = first; tile * MMA_COLS < layer.weight.rows; tile += step) {
        int from = tile * MMA_COLS, col = from + place->lane % 4 * 2;
        uint32_t bias = __ldg((const uint32_t *)((const uint16_t *)layer.bias.data + col));
        uint32_t words[2];

        if (tile != first)
            ahead = linear_fetch(0, layer.weight.stride, rows_of(layer, from));
        Sums sums = forward_tile<F>(layer, in_of(room, layer), from, ahead);

        forward_end<F>(walk, room, place, layer, col, bias, sums, words);
        if (!last) {
            int stride = in_stride(walk.layers[l + 1]);

            hand_around(cluster, in_of(room, walk.layers[l + 1]) + from, stride, words);
            continue;
        }
#pragma unroll
        for (int half = 0; half < 2; half++)
            *(float2 *)&room.logits[place->lane / 4 + half * 8][col] = unpack<F>(words[half]);
    }
}

/* As of a whole warp whose other half has nothing to add. */
static __device__ __forceinline__ float half_sum(float value)
{
#pragma unroll
    for (int offset = HALF_WARP / 2; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    return value;
}

static __device__ __forceinline__ float half_largest(float value)
{
#pragma unroll
    for (int offset = HALF_WARP / 2; offset > 0; offset /= 2) {
        float other = __shfl_xor_sync(0xFFFFFFFFu, value, offset);

        value = other > value || isnan(other) ? other : value;
    }
    return value;
}

/* log_softmax, nll and both gradients, half a warp for each row: as loss.cu has it. */
template <Format F, class Place>
static __device__ void loss_rows(const Walk &walk, const Room &room, Place *place)
{
    const WalkLayer &layer = walk.layers[walk.count - 1];
    int row = place->warp * 2 + place->lane / HALF_WARP, col = place->lane % HALF_WARP;
    bool is = col < layer.weight.rows && place->first + row < walk.rows;
    float at_label = nll_gradient(walk.begin.end.scalars, walk.rows);
    float logit = is ? room.logits[row][col] : -INFINITY, x = 0.0f, dx = 0.0f;
    float most = half_largest(logit);
    float log_sum = logf(half_sum(is ? expf(logit - most) : 0.0f)), sum;

    spot_begin(place);
    if (is)
        x = put<F>(room, walk.log_softmax, place, row, col, logit - most - log_sum);
    spot_end(room, walk.log_softmax, place);
    if (is && col == room.labels[row] && place->stores)
        walk.slots[place->first + row] = -x;
    spot_begin(place);
    if (is)
        dx = put<F>(room, walk.log_softmax_grad, place, row, col,
                    col == room.labels[row] ? at_label : 0.0f);
    spot_end(room, walk.log_softmax_grad, place);
    sum = half_sum(dx);
    spot_begin(place);
    if (is)
        grad_of(room, layer)[row * grad_stride(layer) + col] = (uint16_t)pack<F>(
            put<F>(room, layer.out_grad, place, row, col, dx - expf(x) * sum), 0.0f);
    spot_end(room, layer.out_grad, place);
}

/* Narrow matrices have rows of zeros up to a multiple of 16, so k needs no bound. */
template <Format F>
static __device__ __forceinline__ Sums backward_tile(const WalkLayer &layer, const uint16_t *grad,
                                                     int col)
{
    int lane = threadIdx.x % WARP, stride = grad_stride(layer), down = layer.weight.stride;
    const uint16_t *x = grad + lane / 4 * stride, *near = (const uint16_t *)layer.weight.data +
                                                          lane % 4 * 2 * down + col + lane / 4;
    int at = lane % 4 * 2;

    return linear_dx_tile<F>(
        stride - PAD,
        [&](int half, int k) { return *(const uint32_t *)(x + half * 8 * stride + k); },
        [&](int k) { return __ldg(near + (k - at) * down); });
}

/* The gradient of layer l's input, and through the activation of the layer below to its output. */
template <Format F, class Place>
static __device__ void backward_layer(cg::cluster_group &cluster, const Walk &walk,
                                      const Room &room, Place *place, int l)
{
    const WalkLayer &layer = walk.layers[l], &below = walk.layers[l - 1];
    const Spot &kept = below.slope_of_output ? below.active : below.out;

    for (int tile = place->warp * WALK_CLUSTER + (int)cluster.block_rank();
         tile * MMA_COLS < layer.weight.cols; tile += WARPS * WALK_CLUSTER) {
        int from = tile * MMA_COLS, col = from + place->lane % 4 * 2;
        bool two = col + 1 < layer.weight.cols;
        uint32_t words[2], aux[2];
        Sums sums;

#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = place->lane / 4 + half * 8;

            aux[half] = place->first + row < walk.rows && col < layer.weight.cols
                            ? *(const uint32_t *)spot_at(kept, place, row, col)
                            : 0;
        }
        sums = backward_tile<F>(layer, grad_of(room, layer), from);
        spot_begin(place);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = place->lane / 4 + half * 8;

            words[half] = 0;
            if (place->first + row < walk.rows && col < layer.weight.cols)
                words[half] = put_pair<F>(room, layer.in_grad, place, row, col, sums.at[half * 2],
                                          two ? sums.at[half * 2 + 1] : 0.0f);
        }
        spot_end(room, layer.in_grad, place);
        if (below.slope != STAGE_COPY) {
            spot_begin(place);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int row = place->lane / 4 + half * 8;
                float2 x = through<F>(below.slope, unpack<F>(words[half]), unpack<F>(aux[half]));

                if (place->first + row < walk.rows && col < layer.weight.cols)
                    words[half] =
                        put_pair<F>(room, below.out_grad, place, row, col, x.x, two ? x.y : 0.0f);
            }
            spot_end(room, below.out_grad, place);
        }
        if (l > 1)
            hand_around(cluster, grad_of(room, below) + from, grad_stride(below), words);
    }
}

#endif
