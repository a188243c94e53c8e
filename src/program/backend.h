/* What computes: a table of functions that every backend fills, the CPU here, CUDA in a plug-in.
 *
 * Values cross as floats that hold them exactly; how a backend stores them is its own matter. All
 * calls on one Backend come from one thread at a time. Steps may be computed later than they are
 * asked for: plan_collect says which are done, and everything else waits for those in flight.
 *
 * A device can be lost at any call. What can fail says so with STATUS_DEVICE, then and ever after, and
 * so does plan_collect for what could not; only freeing and closing still work.
 */
#ifndef PROGRAM_BACKEND_H
#define PROGRAM_BACKEND_H

#include "numerics/count.h"
#include "program/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every change of this file; a plug-in that says another number is not used. */
enum { BACKEND_ABI = 4, BACKEND_TEXT = 128 };

typedef struct Backend Backend; /* a device and its threads */
typedef struct Store Store; /* the lasting state of one run: weights, optimizer state, scalars */
typedef struct Plan Plan;   /* a program made ready over a store and a data set */
typedef struct DeviceData DeviceData; /* a data set where the device reads it */

/* What a program reads that varies from step to step; the backend's own while steps run. */
typedef struct Scalars {
    float scale;       /* the loss scale; 1 where scaling is off */
    int32_t tracker;   /* clean steps in a row */
    bool dynamic;      /* update() grows and backs off */
    bool check;        /* unscale looks for inf and nan (off: scaling is off, steps are taken) */
    bool take_all;     /* a step with inf or nan is taken all the same */
    bool leave_scaled; /* optimizers read the scaled gradients as they are: 1/scale is 1 to them */
    double growth, backoff;
    int64_t interval;
    float floor;        /* backing off ends here; 0: nowhere */
    int32_t hysteresis; /* the overflow since the last growth that backs off; 0 and 1: each */
    int32_t spent;      /* of them, so far */
    double lr;
    float
        loss_weight;  /* and 1 / micro-batches of a step (Program.rounds), where they are several */
    int64_t step;     /* steps done, skipped ones included */
    int64_t taken;    /* steps that moved the weights: what Adam's bias correction counts */
    int64_t position; /* training examples consumed since the run began */
    int64_t test_position; /* gather of held-out examples starts here */
    int64_t correct;       /* counted by the op correct, over held-out examples */
    uint64_t seed;         /* of stochastic rounding */
} Scalars;

/* One finished step. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): by meaning, not by size */
typedef struct StepOutcome {
    int64_t step; /* its number, from 1 */
    float loss;   /* before weight and scale; the mean of its micro-batches */
    float scale_used, scale_next;
    double lr;
    int32_t tracker, spent;
    bool skipped;
    double grad_norm;    /* of the unscaled gradients, before they are clipped */
    float clip_coef;     /* what clip_norm had them multiplied by; 1 where there is none */
    ValueId first_found; /* the first gradient with inf or nan; NO_VALUE: none was found */
    int first_instr;     /* where one was: the first counted store with nan, inf or overflow */
                         /* (-1: none is counted); what it counted: */
    int64_t nonfinite;   /* values that are inf or nan after it */
    float amax;          /* largest finite magnitude before it */
} StepOutcome;

typedef struct DataView {
    const float *inputs;   /* (train_count + test_count, features), training examples first */
    const int32_t *labels; /* (train_count + test_count), or NULL */
    const float *targets;  /* (train_count + test_count, target_width), or NULL */
    int64_t train_count, test_count, features, target_width;
    int64_t text_count; /* above 0: inputs are one text of so many; an example is `features` of them
                              from where the order says, and its target the same, one further on */
    int64_t held_out_from; /* of a text: held-out examples lie side by side from here on */
} DataView;

typedef struct BackendOptions {
    int device;                         /* which GPU, from 0; the CPU ignores it */
    int threads;                        /* 0: one for each processor */
    bool (*interrupted)(void *context); /* asked between instructions before PHASE_STEP */
    void *context;
} BackendOptions;

/* What a plan holds, in bytes on the device, by kind. Data and runtime are shared by all plans. */
typedef enum MemoryKind {
    MEMORY_WEIGHTS,     /* as the optimizer keeps them */
    MEMORY_COPIES,      /* of weights and inputs, in the low format */
    MEMORY_GRADS,       /* of the weights */
    MEMORY_OPTIMIZER,   /* its state */
    MEMORY_ACTIVATIONS, /* and their gradients, inputs and targets */
    MEMORY_COUNTERS,    /* of the probes */
    MEMORY_WORKSPACE,   /* of products and reductions */
    MEMORY_DATA,        /* the data set, where it is resident */
    MEMORY_RUNTIME,     /* what the driver takes for itself, as far as it tells */
    MEMORY_KINDS,
} MemoryKind;

typedef struct BackendClass {
    int abi; /* BACKEND_ABI */
    const char *name;

    /* Caller closes. Fails: STATUS_UNSUPPORTED with the reason why it cannot compute here. */
    Status (*open)(const BackendOptions *options, Backend **backend);
    void (*close)(Backend *backend);
    void (*describe)(const Backend *backend, char text[BACKEND_TEXT]);

    /* The view's arrays may go when this returns, on a GPU; the CPU borrows them until data_free. */
    Status (*data_new)(Backend *backend, const DataView *view, DeviceData **data);
    void (*data_free)(DeviceData *data);
    /* The order in which an epoch visits the training examples; two are held, by the parity of
     * `epoch`. Of a text it holds where they begin. Takes effect behind the steps in flight. */
    Status (*data_order)(DeviceData *data, int64_t epoch, const int32_t *order);

    Status (*store_new)(Backend *backend, Store **store);
    void (*store_free)(Store *store);
    /* Named arrays; writing makes them. Fails: STATUS_SHAPE where none of this name and size is. */
    Status (*store_write)(Store *store, const char *name, const float *values, int64_t count);
    Status (*store_read)(Store *store, const char *name, float *values, int64_t count);
    void (*store_drop)(Store *store, const char *name); /* harmless where there is none */
    void (*scalars_get)(Store *store, Scalars *scalars);
    void (*scalars_set)(Store *store, const Scalars *scalars);

    /* State the store lacks begins as zeros, in the format that the program has it in; all programs over one
     * store must agree on that, and values that are written into it must be of it. The program may go when
     * this returns.
     * Fails: STATUS_MEMORY, STATUS_UNSUPPORTED (a format this device cannot do), STATUS_SHAPE. */
    Status (*plan_new)(Backend *backend, const Program *program, Store *store, DeviceData *data,
                       Plan **plan);
    void (*plan_free)(Plan *plan); /* its store must be there still */

    /* Starts one whole step, and waits before it only where as many are in flight as the backend
     * takes (what about 10 ms compute). Fails: STATUS_INTERRUPTED: the step left no trace. */
    Status (*plan_step)(Plan *plan);
    /* Hands over outcomes in order, at most `room`, and how many. Due after every plan_step. `wait`: at
     * least one, if any is in flight. */
    Status (*plan_collect)(Plan *plan, StepOutcome *outcomes, int room, bool wait, int *count);

    /* Runs instructions first ... last - 1 and waits: a part of a step, or a program that is no step.
     * A step may be taken so in parts, each beginning where the one before ended; its bits are those
     * of plan_step, and its outcome is due when the last part has run. Until its first instruction
     * of PHASE_STEP it may be dropped: whatever begins at 0 next, plan_step and plan_free forget it, and
     * 0, 0 does nothing else; what `running` moved is then as before, whatever was written there meanwhile.
     * Fails: STATUS_INTERRUPTED before PHASE_STEP: the whole step is dropped. */
    Status (*plan_run)(Plan *plan, int first, int last);
    /* Any value of the program, as of now. Fails: STATUS_UNSUPPORTED: a whole step may keep it in
     * registers, where several instructions became one; plan_run keeps all. */
    Status (*value_read)(Plan *plan, ValueId id, float *values);
    Status (*value_write)(Plan *plan, ValueId id, const float *values);
    /* What the instruction's store did in the last completed step; or in one that is taken in parts, if
     * it has run there. */
    Status (*counts_read)(Plan *plan, int instr, CastCounts *counts);
    void (*plan_memory)(const Plan *plan, int64_t bytes[MEMORY_KINDS]);
} BackendClass;

#ifdef __cplusplus
}
#endif

#endif
