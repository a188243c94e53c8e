/* A head's part of a value, and tiles of a head's result: what attention's kernels share.
 *
 * A block makes tiles of TALL rows, one after the other, from chunks of both operands in shared memory.
 */
#ifndef CUDA_HEADS_CUH
#define CUDA_HEADS_CUH

#include "count.cuh"
#include "plan.h"

enum { TALL = 64 };

/* As in src/cpu/attention.c: square_head, row_head, turned_head. */
enum HeadsKind { HEADS_SQUARE, HEADS_ROW, HEADS_TURNED };

typedef struct HeadsWork {
    Array a, b, out;
    Counter counter;
    const StepState *state;
    int time, width, heads, tasks; /* tasks: heads of all examples */
    int part;                      /* where the heads begin in a row of b */
    int across, each, all_tiles;   /* tiles across one head's result, of it, of all */
} HeadsWork;

/* The result's place of a tile. */
/* heads_mma.cu: the same products on tensor cores, for operands in 16 bits; whether it can, and its launch. */
bool heads_mma_fits(const Plan *plan, const HeadsWork *work);
Status heads_mma_run(Plan *plan, HeadsKind kind, HeadsWork *work);

/* Fills in how many tiles of so many columns there are; what comes back is how many blocks take them. */
static inline int heads_tiles(const Plan *plan, HeadsKind kind, HeadsWork *work, int cols)
{
    int rows = (work->time + TALL - 1) / TALL;

    work->across = ((kind == HEADS_SQUARE ? work->time : work->width) + cols - 1) / cols;
    work->each = rows * work->across;
    work->all_tiles = work->tasks * work->each;
    return work->all_tiles < plan->mass_slots ? work->all_tiles : plan->mass_slots;
}

#ifdef __CUDACC__

typedef struct HeadsTile {
    int example, head, row, col;
} HeadsTile;

static __device__ __forceinline__ HeadsTile tile_at(const HeadsWork &work, int tile, int cols)
{
    int task = tile / work.each, in_task = tile % work.each;

    return {task / work.heads, task % work.heads, in_task / work.across * TALL,
            in_task % work.across * cols};
}

/* Where number `col` of a head lies in a row, and number (i, j) in an example's squares. */
static __device__ __forceinline__ int row_col(const HeadsWork &work, const HeadsTile &tile,
                                              int part, int col)
{
    return part + tile.head * work.width + col;
}

static __device__ __forceinline__ int square_col(const HeadsWork &work, const HeadsTile &tile,
                                                 int i, int j)
{
    return (tile.head * work.time + i) * work.time + j;
}

template <Format F, int WIDTH>
static __device__ __forceinline__ void put_some(const Array &out, const Counter &counter,
                                                Seen *seen, int row, int col, float (&v)[WIDTH])
{
    if constexpr (WIDTH == 4) {
        if (counter.tally != NULL)
            count_four(counter.edges, seen, v);
    } else if (counter.tally != NULL)
        count_value(counter.edges, seen, v[0]);
    store_some<F, WIDTH>(out, row, col, v);
}

#endif
#endif
