/* Small networks of linear layers: a step in two kernels of our own.
 *
 * The first (walk.cu) carries 16 rows of the batch through the whole network and back: a cluster of
 * eight blocks shares the columns of each layer and hands them around in shared memory. The second
 * (tail.cu) makes the gradients of the weights, looks at them, waits for all blocks, and moves the
 * weights. Every number is computed as the instruction alone computes it.
 */
#ifndef CUDA_WALK_CUH
#define CUDA_WALK_CUH

#include "begin.cuh"
#include "map.cuh"

enum { WALK_LAYERS = 6, WALK_CLUSTER = 8, WALK_ROWS = 16, WALK_CLASSES = 16 };

/* A stored value and where it is counted: `tally` is its place in a block's shared memory, -1: none. */
typedef struct Spot {
    Array array;
    Counter counter;
    int tally;
} Spot;

typedef struct WalkLayer {
    Array weight, bias;
    StageKind activation, slope; /* STAGE_COPY: none */
    bool slope_of_output;        /* the slope is taken from what the activation gave out */
    Spot out, active;            /* active.array.data NULL: no activation */
    Spot out_grad, in_grad;      /* in_grad: of the layer's input; data NULL: not needed */
    int in_at, grad_at;          /* places in a block's shared memory */
    int weight_at, column_at;    /* likewise, of the weights it needs forward and back */
} WalkLayer;

typedef struct alignas(16) Walk {
    Begin begin;
    WalkLayer layers[WALK_LAYERS];
    int count, rows, features, tallies;
    int halves, weights; /* 16-bit numbers in shared memory */
    const float *inputs;
    Array x; /* fp32 */
    Spot low;
    CountEdges edges; /* of all these spots, which have one format */
    Spot log_softmax, log_softmax_grad;
    float *slots;
} Walk;

/* The operands of the gradient of each segment: dW = dout^T x, db = sum of dout's rows (x.data NULL). */
typedef struct TailGrad {
    Array dout, x;
} TailGrad;

typedef struct alignas(16) Tail {
    StepEnd end;
    TailGrad grads[2 * WALK_LAYERS];
    Segment segments[2 * WALK_LAYERS];
    double *squares;
    int rows;
} Tail;

bool walk_fits(const Plan *plan);
Status walk_fuse(Plan *plan);
/* Lays out a block's shared memory by the widths of the layers; gives its bytes. */
int walk_lay(Walk *walk);

/* What is launched: a description on the device, and the host's own. */
typedef struct WalkRun {
    Walk walk;
    int bytes; /* of a block's shared memory */
    const Walk *device;
} WalkRun;

typedef struct TailRun {
    Tail tail;
    const Tail *device;
} TailRun;

Status walk_run(Plan *plan, const WalkRun *run);
Status tail_run(Plan *plan, const TailRun *run);
CudaOp walk_product;

#endif
