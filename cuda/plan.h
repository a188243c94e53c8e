/* What the host side of the CUDA backend shares. Private to this folder.
 *
 * All work goes to one stream, so that "now" is a place on it: settings, orders of data and copies of
 * counters are ordered between steps by it, and a step itself never waits for the host.
 */
#ifndef CUDA_PLAN_H
#define CUDA_PLAN_H

#include "device.cuh"
#include "table.h"

#include "base/memory.h"
#include "base/text.h"

#include <cublasLt.h>
#include <cuda_runtime.h>
#include <vector>

struct Backend {
    int device, multiprocessors, capability; /* 90: compute capability 9.0 */
    char name[64];
    cudaStream_t stream, side; /* side: only while a step is captured */
    cudaEvent_t forked, joined;
    cublasLtHandle_t products;
    void *workspace, *side_workspace; /* of cuBLASLt; of products that run aside */
    bool fuse;                        /* HALFSTEP_FUSE=0: every instruction a kernel of its own */
    size_t runtime_bytes;
    bool (*interrupted)(void *context);
    void *context;
    Status trouble; /* the first loss of the device; what follows fails with it */
};

enum { WORKSPACE_BYTES = 32 << 20 };

struct Lasting {
    char name[VALUE_NAME];
    Array array;
    int64_t count;
};

struct Store {
    Backend *backend;
    std::vector<Lasting> arrays;
    Scalars *scalars; /* on the device */
    Scalars last;     /* as last read */
    int64_t version;  /* of what lies in it: grows with every write from outside */
};

struct DeviceData {
    Backend *backend;
    float *inputs, *targets;
    int32_t *labels, *orders[2];
    int32_t *pinned[2]; /* orders on their way */
    cudaEvent_t sent[2];
    int64_t train_count, test_count, features, target_width, bytes;
    int64_t text_count, held_out_from; /* of a text (program/backend.h) */
};

/* A product as cuBLASLt takes it: descriptors and algorithm, chosen once. */
struct Product;
struct Chain;

/* A node may run beside those that follow it, up to the first that joins. */
enum Side { SIDE_NONE, SIDE_FORKS, SIDE_JOINS };

/* Work of one or more instructions: what a graph captures. */
struct Node {
    Status (*launch)(Plan *plan, const void *work);
    void *work; /* freed with the plan */
    Side side;
};

struct Plan {
    Backend *backend;
    Store *store;
    DeviceData *data;
    Program program; /* a copy */
    Format low;      /* what products take their operands in */
    bool is_step;    /* it ends in update */
    bool plain;      /* every instruction is a kernel of its own */
    int round;       /* the micro-batch whose kernels are launched now */
    bool walks;      /* small: products by our own kernels, a step in two (fuse.cu) */

    std::vector<Array> arrays;       /* of each value */
    std::vector<int> counters;       /* of each instruction: place in `tallies`; -1: not counted */
    std::vector<Segment> segments;   /* of each parameter that has a gradient */
    std::vector<float *> raws;       /* of each instruction: where its sums go before rounding */
    std::vector<Product *> products; /* of each instruction: NULL where there is none */
    std::vector<Product *> stored;   /* further ones, which round by themselves */
    std::vector<Node> nodes;         /* a whole step, fused */
    std::vector<void *> blocks;      /* device memory, freed with the plan */
    int counted, mass_slots, tiles;
    Tally *tallies;    /* (2, counted) */
    Mass *masses;      /* (2, counted, mass_slots) */
    double *squares;   /* a slot for each tile */
    float *row_losses; /* a slot for each row of a value of the batch */
    double *mse_slots;
    float *conv_sums;         /* of convolutions' weights, in parts, in common (conv2d_dw.cu) */
    const Chain *behind;      /* what the kernel to launch is fused with (map.cuh); NULL: nothing */
    void *channel_sums;       /* of batchnorm; NULL: there is none */
    std::vector<void *> kept; /* of each `running`: what it moves, as the step found it */
    bool moved; /* a step that may yet be dropped has begun: what is kept would be put back */
    std::vector<char> carried;  /* of each value: it is fp8 and lies in bf16 (fp8.cuh) */
    std::vector<void *> across; /* of each value: where it is fp8, its columns as rows */
    uint32_t *fp8_amax;         /* of a tensor that is looked at */
    void *low_rows;             /* of what is forced low, four numbers for each row (low.cu) */
    Segment *device_segments;
    std::vector<CountEdges> edges; /* of each counted store, in the order of the program */
    CountEdges *device_edges;      /* of each counted store, in the order of the program */
    int *device_instrs;            /* likewise: which instruction it is */
    StepState *state;
    void *host_counts;            /* pinned: tallies and masses as last read */
    bool counts_fresh, completed; /* completed: it has run to its end */
    int counts_parity;            /* of those that are fresh */
    int reached;                  /* instructions that ran of a step in parts; 0: none is begun */

    bool join_next; /* the next node waits for the side */
    bool joining;   /* the kernel to launch waits for the side too */
    cudaGraphExec_t graph;
    int64_t version; /* of the store when the low copies were made; -1: they are not */
    uint64_t *ring;  /* pinned: OUTCOME_SLOTS of OUTCOME_WORDS, each tagged with its step */
    uint64_t *ring_device;
    int64_t started, collected; /* steps */
    double step_seconds;        /* what a step takes, as far as it shows */
    int64_t seen;               /* the step that was last waited for, and when it came */
    double seen_at;
    int64_t bytes[MEMORY_KINDS];
};

/* ok(), or why not: STATUS_MEMORY, or the device is lost, and stays so. `what` was being done. */
Status cuda_status(Backend *backend, cudaError_t error, const char *what);
Status cuda_trouble(Backend *backend, const char *words, const char *what);

#define CUDA_TRY(backend, call, what) TRY(cuda_status(backend, call, what))

/* A thread works on the device that it chose last, and calls may come from another thread than opened it:
 * the first thing that every entry does. */
Status backend_use(Backend *backend);

/* The kernels launched since the last look were taken. */
Status cuda_launched(Backend *backend, const char *what);

/* Waits for all work. */
Status cuda_settle(Backend *backend);

/* Zeroed device memory that goes with the plan. Fails: STATUS_MEMORY. */
Status plan_room(Plan *plan, MemoryKind kind, size_t bytes, void **room);

/* The edges of a format's counts. */
CountEdges edges_of(Format format);

/* A copy of a description in device memory, for kernels that fetch it. */
Status plan_describe(Plan *plan, const void *description, size_t bytes, void **room);

/* The lasting array of this name, laid out as `array` says, but for its data, which it fills in: made of zeros
 * where there is none, and made anew from its numbers where it was written before any plan had it. */
Status store_find(Store *store, const char *name, Array *array);

/* Where a value's rows lie, without data. Narrow rows go on in zeros to a multiple of 16 numbers, and narrow
 * matrices to 16 rows: products like it, and k may run over them. */
Array array_of(const Value *value);
size_t array_bytes(const Array *array); /* of all of it, with what is never read */

/* value.cu: numbers across the border. */
Status array_read(Backend *backend, const Array *array, float *values);
Status array_write(Backend *backend, const Array *array, const float *values);

static inline const Value *plan_value(const Plan *plan, ValueId id)
{
    return &plan->program.values[id];
}

/* Where an instruction counts; its tally is NULL where it does not. */
Counter plan_counter(const Plan *plan, int instr);
Examples plan_examples(const Plan *plan, bool held_out);

/* Sums that go into a narrow array lie in rows of a multiple of 16 numbers, and 16 rows; what is past the
 * array's own is never read. */
int raw_stride(const Array *out, Format format);

/* Parts in which an instruction's sums lie, to be added in order: of rows, or of examples. */
int plan_parts(const Plan *plan, int instr);

/* The segment of a parameter's gradient. */
int plan_segment(const Plan *plan, ValueId grad);

/* Blocks of a kernel that takes `items`, `each` at a time a thread. */
int plan_blocks(const Plan *plan, int64_t items, int each);

/* One instruction on the stream, as a kernel of its own. */
typedef Status CudaOp(Plan *plan, int instr);

#define DECLARE_CUDA_OP(constant, name) CudaOp cuda_##name;
OPS(DECLARE_CUDA_OP)
#undef DECLARE_CUDA_OP

/* matmul.cu: prepares a product instruction, and runs one into its fp32 sums; conv2d_dw.cu: runs that one, and
 * says how much room its parts take. */
Status product_prepare(Plan *plan, int instr);
CudaOp product_run, product_conv_dw;
Status conv_dw_room(const Plan *plan, int instr, size_t *bytes);

/* conv2d_db.cu, layernorm.cu, linear_db.cu: column sums into their parts. */
CudaOp sums_conv2d_db, sums_layernorm_dw, sums_linear_db;

/* linear_db.cu: adds the parts of an instruction's sums, in order, and stores them as it does. */
CudaOp parts_finish;

/* ring.cu: where outcomes arrive; and waits until another step may start. */
Status ring_new(Plan *plan);
Status ring_wait(Plan *plan);

/* nodes.cu: the list of what a step launches, and the graph of it. */
void node_add(Plan *plan, Status (*launch)(Plan *plan, const void *work), const void *work,
              size_t bytes); /* copies the work */
void node_add_op(Plan *plan, int instr);
void node_add_round(Plan *plan, int instr, int round); /* the same of a later micro-batch */
void node_aside(Plan *plan); /* the newest runs beside what follows, up to the next that joins */
void node_drop(Plan *plan);  /* the newest */
void nodes_free(Plan *plan);
Status nodes_run(Plan *plan);
Status nodes_capture(Plan *plan);

/* Launches blocks of THREADS that may begin before the kernel ahead of them ends (device.cuh). */
Status launch_early(Plan *plan, const void *kernel, int blocks, size_t shared, void **arguments,
                    const char *what);
CudaOp op_run;

/* accumulate.cu: the loss of a round that is not the step's last, to be told with it. */
Status loss_sum_add(Plan *plan, int round);

/* fuse.cu: fills plan->nodes with a fused step. */
Status plan_fuse(Plan *plan);

/* batchnorm.cu: room for sums over channels, and for what `running` moves; keeps that as a step finds it, or
 * puts it back where the step is dropped. */
Status lay_batchnorm(Plan *plan);
Status running_keep(Plan *plan, bool back);

/* layout.cu: memory for every value, counter and sum of the plan. */
Status plan_layout(Plan *plan);

#endif
