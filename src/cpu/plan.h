/* What the ops of the CPU backend share. Private to this folder. */
#ifndef CPU_PLAN_H
#define CPU_PLAN_H

#include "base/pool.h"
#include "cpu/cpu.h"

#include <math.h>

enum { BLOCK = 4 * COUNT_BLOCK }; /* elements of one task of an elementwise op */

struct Backend {
    Pool *pool;
    bool reference_matmul; /* HALFSTEP_MATMUL=reference: plain loops instead of OpenBLAS */
    bool (*interrupted)(void *context);
    void *context;
};

typedef struct Tensor {
    char name[VALUE_NAME];
    float *values;
    int64_t count;
} Tensor;

struct Store {
    Tensor *tensors;
    size_t count, room;
    Scalars scalars;
};

struct DeviceData {
    DataView view;      /* borrowed */
    int32_t *orders[2]; /* by parity of the epoch */
};

/* What unscale saw in one block of a gradient. */
typedef struct Finding {
    double square_sum; /* of the unscaled values */
    bool found;        /* inf or nan */
} Finding;

struct Plan {
    Backend *backend;
    Store *store;
    DeviceData *data;
    Program program;               /* a copy */
    float **values;                /* of each value: our own, or the store's */
    CastCounts *counts, *counting; /* of each instruction: of the last step, of this one */
    CastCounts *partial;           /* one for each task of a counted store */
    Finding *findings;             /* one for each task of an unscale */
    int position;                  /* the instruction that runs */
    int reached;                   /* instructions that ran of a step in parts; 0: none is begun */
    int round;                     /* the micro-batch that it runs on */
    float *
        *kept;  /* of each instruction `running`: what it moves, as the step found it; else NULL */
    bool moved; /* a step that may yet be dropped has begun: what is kept would be put back */

    /* of the present step */
    float loss;        /* of the round */
    double loss_sum;   /* of the rounds before it */
    double square_sum; /* of the gradients as optimizers read them before they are clipped */
    const Instr *clip; /* how they are clipped; NULL: not */
    float clip_coef;
    ValueId first_found;
    StepOutcome outcome;
    bool outcome_waits; /* to be collected */
};

/* Rows of cpu_backend, as program/backend.h has them. */
Status cpu_store_new(Backend *backend, Store **store);
void cpu_store_free(Store *store);
Status cpu_store_write(Store *store, const char *name, const float *values, int64_t count);
Status cpu_store_read(Store *store, const char *name, float *values, int64_t count);
void cpu_store_drop(Store *store, const char *name);
void cpu_scalars_get(Store *store, Scalars *scalars);
void cpu_scalars_set(Store *store, const Scalars *scalars);
Status cpu_plan_new(Backend *backend, const Program *program, Store *store, DeviceData *data,
                    Plan **plan);
void cpu_plan_free(Plan *plan);
Status cpu_plan_step(Plan *plan);
Status cpu_plan_collect(Plan *plan, StepOutcome *outcomes, int room, bool wait, int *count);
Status cpu_plan_run(Plan *plan, int first, int last);
Status cpu_value_read(Plan *plan, ValueId id, float *values);
Status cpu_value_write(Plan *plan, ValueId id, const float *values);
Status cpu_counts_read(Plan *plan, int instr, CastCounts *counts);
void cpu_plan_memory(const Plan *plan, int64_t bytes[MEMORY_KINDS]);

/* The lasting array of this name, made of zeros where there is none. */
float *cpu_store_find(Store *store, const char *name, int64_t count);

/* Fails never: an op computes what its instruction says. */
typedef void CpuOp(Plan *plan, const Instr *instr);

#define DECLARE_CPU_OP(constant, name) CpuOp cpu_##name;
OPS(DECLARE_CPU_OP)
#undef DECLARE_CPU_OP

static inline float *plan_in(const Plan *plan, const Instr *instr, int i)
{
    return plan->values[instr->in[i]];
}

static inline float *plan_out(const Plan *plan, const Instr *instr)
{
    return plan->values[instr->out];
}

static inline const Value *plan_value(const Plan *plan, ValueId id)
{
    return &plan->program.values[id];
}

static inline int64_t plan_rows(const Plan *plan, ValueId id)
{
    return value_rows(plan_value(plan, id));
}

static inline int64_t plan_cols(const Plan *plan, ValueId id)
{
    return value_cols(plan_value(plan, id));
}

/* A nan is the largest of all: it must reach every number of its row. */
static inline float row_largest(const float *row, int64_t width)
{
    float most = row[0];

    for (int64_t j = 1; j < width; j++)
        most = row[j] > most || isnan(row[j]) ? row[j] : most;
    return most;
}

/* fp8.c: what the sums of a product are multiplied by; 1 where its operands are no fp8. */
float cpu_fp8_inverse(const Plan *plan, const Instr *instr);
void cpu_fp8_descale(const Plan *plan, const Instr *instr); /* does so, to a result that is whole */

/* For ops that are forced into a low format: `value` as that has it (instr_forced). */
static inline float plan_low(const Instr *instr, float value)
{
    return round_to((Format)instr->constants[LOW_FORMAT], OVERFLOW_INFINITY, value);
}

/* low.c: what log_softmax.c and layernorm.c are where instr_forced. */
CpuOp cpu_low_log_softmax, cpu_low_log_softmax_backward;
CpuOp cpu_low_layernorm, cpu_low_layernorm_dx, cpu_low_layernorm_dw;

/* The reciprocal, rounded once. */
static inline float plan_inverse_scale(const Plan *plan)
{
    return (float)(1.0 / (double)plan->store->scalars.scale);
}

/* What every reader of a scaled gradient multiplies by. */
static inline float plan_unscaling(const Plan *plan)
{
    return plan->store->scalars.leave_scaled ? 1.0f : plan_inverse_scale(plan);
}

static inline bool plan_skips(const Plan *plan)
{
    return plan->first_found != NO_VALUE && !plan->store->scalars.take_all;
}

/* Computes elements first ... first + count - 1 of the result into `out`, in fp32. */
typedef void CpuKernel(const Plan *plan, const Instr *instr, int64_t first, int64_t count,
                       float *out);

/* Runs the kernel over the result's blocks on all threads and rounds each block in place. */
void cpu_map(Plan *plan, const Instr *instr, CpuKernel *kernel);

/* unscale.c: the sum of squares of grad * factor, in the order that every norm has; and whether any
 * number of grad is inf or nan, or, with `nan_only`, nan. */
double cpu_look(Plan *plan, ValueId grad, float factor, bool nan_only, bool *found);

/* clip.c: numbers of a gradient as they are stored, made those that the optimizer is to see: unscaled
 * and clipped, each in its turn, and every product rounded. */
void cpu_clip(const Plan *plan, const float *grad, int64_t count, float *seen);

/* Infinities are gone by the time that unscale looks: they were clipped to the largest value. */
bool cpu_clip_hides_inf(const Plan *plan);

/* How a step stores what is not fp32, and what it counts. */
typedef struct StepLow {
    Format weight, states;
    WeightRounding rounding;
    Dither dither;       /* first: of the block's first number */
    float *compensation; /* of the block; NULL: none */
    CastCounts *counts;  /* of the block; NULL: not counted */
} StepLow;

/* A block of a parameter as an optimizer sees it. */
typedef struct StepBlock {
    float *weight;
    const float *grad;
    float *state[2];
    int64_t count;
    float inverse; /* gradient = grad * inverse */
    StepLow low;   /* looked at by a form for low numbers alone */
} StepBlock;

typedef void CpuStep(const Plan *plan, const Instr *instr, const StepBlock *block);

/* Runs an optimizer over a parameter's blocks, unless the step is skipped: then nothing is touched. `low`: the form
 * that takes what `plain` does not (step_is_low). */
void cpu_step(Plan *plan, const Instr *instr, CpuStep *plain, CpuStep *low);

enum { STEP_CHUNK = 256 };

/* An update of some weights, not yet made: each becomes kept - change. */
typedef struct StepChange {
    float kept[STEP_CHUNK], change[STEP_CHUNK];
} StepChange;

/* Makes it: numbers first .. first + count - 1 of the block, count at most STEP_CHUNK. */
void cpu_step_store(const StepBlock *block, int64_t first, int64_t count, const StepChange *change);

/* A number of a state as it is stored. */
static inline float step_state(const StepBlock *block, float value)
{
    return round_to(block->low.states, OVERFLOW_INFINITY, value);
}

/* Rounds a result that was computed whole, in fp32, in its own place. */
void cpu_round(Plan *plan, const Instr *instr);

#endif
