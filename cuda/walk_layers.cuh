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

/* Tiles of a warp in a layer's outputs or inputs: `from`, then every `step`. */
typedef struct Tiles {
    int from, step;
} Tiles;

static __device__ __forceinline__ Tiles forward_tiles(const Walk &walk, int l, int warp, int rank)
{
    if (l == walk.count - 1)
        return {warp, WARPS};
    return {warp * WALK_CLUSTER + rank, WARPS * WALK_CLUSTER};
}

static __device__ __forceinline__ Tiles backward_tiles(int warp, int rank)
{
    return {warp * WALK_CLUSTER + rank, WARPS * WALK_CLUSTER};
}

/* Where a warp keeps the weights of its tile number `turn`, and behind them the biases. */
static __device__ __forceinline__ uint16_t *
forward_weights(const Room &room, const WalkLayer &layer, int warp, int turn)
{
    return room.weights + layer.weight_at + (turn * WARPS + warp) * forward_room(layer);
}

static __device__ __forceinline__ uint16_t *
backward_weights(const Room &room, const WalkLayer &layer, int warp, int turn)
{
    return room.weights + layer.column_at + (turn * WARPS + warp) * backward_room(layer);
}

/* 16 bytes to an address in shared memory, or as many zeros. */
static __device__ __forceinline__ void copy_async(uint32_t to, const uint16_t *from, bool is)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
                 "r"(is ? 16 : 0));
#endif
}

static __device__ __forceinline__ void copies_begun(void)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;");
#endif
}

/* All but the newest LATER groups of this warp's copies are there. */
template <int LATER> static __device__ __forceinline__ void copies_wait(void)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(LATER) : "memory");
#endif
    __syncwarp();
}

/* A warp fetches what it will multiply with: a layer's weights for its tiles on the way forward. What
 * the loops need is taken out of shared memory before them, for there it could change under them. */
static __device__ void fetch_forward(const Walk &walk, const Room &room, int l, int warp, int rank)
{
    const WalkLayer &layer = walk.layers[l];
    const Tiles tiles = forward_tiles(walk, l, warp, rank);
    const int stride = in_stride(layer), down = layer.weight.stride, rows = layer.weight.rows;
    const int first = threadIdx.x % WARP * 8, size = WARPS * forward_room(layer);
    const uint16_t *weight = (const uint16_t *)layer.weight.data;
    const uint16_t *bias = (const uint16_t *)layer.bias.data;
    uint32_t to =
        (uint32_t)__cvta_generic_to_shared(forward_weights(room, layer, warp, 0)) + first * 2;

#pragma unroll 1
    for (int row0 = tiles.from * MMA_COLS; row0 < rows; row0 += tiles.step * MMA_COLS) {
        const uint16_t *from = weight + row0 * down + first;

#pragma unroll 1
        for (int k = first; k < stride; k += WARP * 8, from += WARP * 8) {
            const uint16_t *at = k < down ? from : weight;
            uint32_t there = to + (k - first) * 2;

#pragma unroll
            for (int row = 0; row < MMA_COLS; row++) {
                copy_async(there, at, k < down);
                at += k < down ? down : 0;
                there += stride * 2;
            }
        }
        if (first == 0)
            copy_async(to + MMA_COLS * stride * 2, bias + row0, true);
        to += size * 2;
    }
}

/* And back: eight neighbours of each row. Narrow matrices have rows of zeros to a multiple of 16. */
static __device__ void fetch_backward(const Room &room, const WalkLayer &layer, int warp, int rank)
{
    const Tiles tiles = backward_tiles(warp, rank);
    const int rows = grad_stride(layer) - PAD, down = layer.weight.stride, cols = layer.weight.cols;
    const int size = WARPS * backward_room(layer), first = threadIdx.x % WARP;
    const uint16_t *weight = (const uint16_t *)layer.weight.data;
    uint32_t to = (uint32_t)__cvta_generic_to_shared(backward_weights(room, layer, warp, 0));

#pragma unroll 1
    for (int col0 = tiles.from * MMA_COLS; col0 < cols; col0 += tiles.step * MMA_COLS) {
#pragma unroll 1
        for (int row = first; row < rows; row += WARP)
            copy_async(to + row * MMA_COLS * 2, weight + row * down + col0, true);
        to += size * 2;
    }
}

/* Two groups: the first layer's, and all others. */
static __device__ void fetch_weights(const Walk &walk, const Room &room, int warp, int rank)
{
    fetch_forward(walk, room, 0, warp, rank);
    copies_begun();
    for (int l = 1; l < walk.count; l++)
        fetch_forward(walk, room, l, warp, rank);
    for (int l = walk.count - 1; l > 0; l--)
        fetch_backward(room, walk.layers[l], warp, rank);
    copies_begun();
}

template <Format F>
static __device__ __forceinline__ Sums forward_tile(const WalkLayer &layer, const uint16_t *in,
                                                    const uint16_t *weights)
{
    int stride = in_stride(layer), row = (int)(threadIdx.x % WARP) / 4;
    const uint16_t *x = in + row * stride, *w = weights + row * stride;

    return linear_tile<F>(
        layer.weight.stride,
        [&](int half, int k) { return *(const uint4 *)(x + half * 8 * stride + k); },
        [&](int k) { return *(const uint4 *)(w + k); });
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

    spot_begin(room, layer.out, place);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = place->lane / 4 + half * 8;

        words[half] = 0;
        if (place->first + row < walk.rows && col < layer.weight.rows)
            words[half] = put_pair<F>(layer.out, place, row, col, sums.at[half * 2] + bias.x,
                                      two ? sums.at[half * 2 + 1] + bias.y : 0.0f);
    }
    spot_end(room, layer.out, place);
    if (layer.activation == STAGE_COPY)
        return;
    spot_begin(room, layer.active, place);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = place->lane / 4 + half * 8;
        float2 x = through<F>(layer.activation, unpack<F>(words[half]), make_float2(0.0f, 0.0f));

        if (place->first + row < walk.rows && col < layer.weight.rows)
            words[half] = put_pair<F>(layer.active, place, row, col, x.x, two ? x.y : 0.0f);
    }
    spot_end(room, layer.active, place);
}

template <Format F, class Place>
static __device__ void forward_layer(cg::cluster_group &cluster, const Walk &walk, const Room &room,
                                     Place *place, int l)
{
    const WalkLayer &layer = walk.layers[l];
    bool last = l == walk.count - 1;
    Tiles tiles = forward_tiles(walk, l, place->warp, (int)cluster.block_rank());

    for (int tile = tiles.from, turn = 0; tile * MMA_COLS < layer.weight.rows;
         tile += tiles.step, turn++) {
        int from = tile * MMA_COLS, col = from + place->lane % 4 * 2;
        const uint16_t *weights = forward_weights(room, layer, place->warp, turn);
        uint32_t bias = *(const uint32_t *)(weights + MMA_COLS * in_stride(layer) + col - from);
        uint32_t words[2];
        Sums sums = forward_tile<F>(layer, in_of(room, layer), weights);

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

    spot_begin(room, walk.log_softmax, place);
    if (is)
        x = put<F>(walk.log_softmax, place, row, col, logit - most - log_sum);
    spot_end(room, walk.log_softmax, place);
    if (is && col == room.labels[row] && place->stores)
        walk.slots[place->first + row] = -x;
    spot_begin(room, walk.log_softmax_grad, place);
    if (is)
        dx = put<F>(walk.log_softmax_grad, place, row, col,
                    col == room.labels[row] ? at_label : 0.0f);
    spot_end(room, walk.log_softmax_grad, place);
    sum = half_sum(dx);
    spot_begin(room, layer.out_grad, place);
    if (is)
        grad_of(room, layer)[row * grad_stride(layer) + col] =
            (uint16_t)pack<F>(put<F>(layer.out_grad, place, row, col, dx - expf(x) * sum), 0.0f);
    spot_end(room, layer.out_grad, place);
}

template <Format F>
static __device__ __forceinline__ Sums backward_tile(const WalkLayer &layer, const uint16_t *grad,
                                                     const uint16_t *weights)
{
    int lane = threadIdx.x % WARP, stride = grad_stride(layer);
    const uint16_t *x = grad + lane / 4 * stride, *w = weights + lane % 16 * MMA_COLS;

    return linear_dx_tile<F>(
        stride - PAD,
        [&](int half, int k) { return *(const uint32_t *)(x + half * 8 * stride + k); },
        [&](int first) { return load_pairs(w + first * MMA_COLS); });
}

/* The gradient of layer l's input, and through the activation of the layer below to its output. */
template <Format F, class Place>
static __device__ void backward_layer(cg::cluster_group &cluster, const Walk &walk,
                                      const Room &room, Place *place, int l)
{
    const WalkLayer &layer = walk.layers[l], &below = walk.layers[l - 1];
    const Spot &kept = below.slope_of_output ? below.active : below.out;

    Tiles tiles = backward_tiles(place->warp, (int)cluster.block_rank());

    for (int tile = tiles.from, turn = 0; tile * MMA_COLS < layer.weight.cols;
         tile += tiles.step, turn++) {
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
        sums = backward_tile<F>(layer, grad_of(room, layer),
                                backward_weights(room, layer, place->warp, turn));
        spot_begin(room, layer.in_grad, place);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = place->lane / 4 + half * 8;

            words[half] = 0;
            if (place->first + row < walk.rows && col < layer.weight.cols)
                words[half] = put_pair<F>(layer.in_grad, place, row, col, sums.at[half * 2],
                                          two ? sums.at[half * 2 + 1] : 0.0f);
        }
        spot_end(room, layer.in_grad, place);
        if (below.slope != STAGE_COPY) {
            spot_begin(room, below.out_grad, place);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int row = place->lane / 4 + half * 8;
                float2 x = through<F>(below.slope, unpack<F>(words[half]), unpack<F>(aux[half]));

                if (place->first + row < walk.rows && col < layer.weight.cols)
                    words[half] =
                        put_pair<F>(below.out_grad, place, row, col, x.x, two ? x.y : 0.0f);
            }
            spot_end(room, below.out_grad, place);
        }
        if (l > 1)
            hand_around(cluster, grad_of(room, below) + from, grad_stride(below), words);
    }
}

#endif
