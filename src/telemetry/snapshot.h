/* Everything that may be known of a run, as of one step: the only thing that view, lessons and
 * expressions see. Plain data without a way back; whoever took it releases it.
 */
#ifndef TELEMETRY_SNAPSHOT_H
#define TELEMETRY_SNAPSHOT_H

#include "numerics/count.h"
#include "telemetry/events.h"
#include "telemetry/heat.h"
#include "telemetry/history.h"
#include "telemetry/sweep.h"

enum {
    FACT_TEXT = 96,
    NET_FACT = 8192,
    RUN_NAME = 16,
    RUNS_MOST = 4,
    PHASE_NAME = 12,
    MARKS_MOST = 16
};

/* A number that may be missing: a share whose base is empty, a loss before the first step. Or a word. */
typedef struct Measure {
    bool none;
    double value;
    const char *word; /* up to a blank; borrowed. NULL: it is a number */
} Measure;

typedef enum TensorKind {
    TENSOR_INPUT,
    TENSOR_WEIGHT,          /* the low-precision copy's cast from the master */
    TENSOR_ACTIVATION,      /* fc1.out */
    TENSOR_ACTIVATION_GRAD, /* fc1.out.grad */
    TENSOR_WEIGHT_GRAD,     /* fc1.weight.grad */
    TENSOR_UPDATE,          /* fc1.weight.update, as the autocast format would hold it */
} TensorKind;

typedef struct TensorFacts {
    char name[TENSOR_NAME];
    TensorKind kind;
    Format format; /* it is stored in */
    int64_t count; /* of values */
    bool scaled;   /* stored = true value x loss scale: all gradients, while scaling is on */
    bool counted;  /* from the next step on */
    bool probed;   /* counts are of the step `Snapshot.step`; else they are all zero */
    CastCounts counts;
    float fp8_scale,
        fp8_amax;  /* of the last cast to fp8: counts are of values times the scale, amax
                                  without it; 0: there was none */
    Measure moved; /* weights, when asked for: share of values whose bits differ from
                                     the run's start */
    int64_t updates, lost_updates; /* weights: nonzero updates of the last step, where they were
                                      counted, and those that changed no bit of what is stored */
    int64_t broken; /* weights: of them that the last step made inf or nan, where it was counted */
    char starved_by[TENSOR_NAME]; /* "" or the tensor upstream in whose cast everything was lost */
} TensorFacts;

/* Of an activation or of a weight. */
bool tensor_is_grad(const TensorFacts *tensor);

typedef enum ScalerMode { SCALER_OFF, SCALER_STATIC, SCALER_DYNAMIC } ScalerMode;

typedef struct ScalerFacts {
    ScalerMode mode;
    float scale; /* 1 where off */
    double growth, backoff;
    int64_t interval;
    int32_t tracker; /* clean steps since the last change */
    int64_t backoffs, growths;
    float floor;                 /* 0: none */
    int32_t hysteresis, spent;   /* overflows until it backs off, 1: the first; of them, so far */
    bool take_all, leave_scaled; /* mistakes at work: skip=off, unscale=off */
} ScalerFacts;

/* How gradients are clipped. */
typedef struct ClipFacts {
    bool norm, value;    /* neither: they are not */
    double most;         /* of the norm of all, or of each magnitude */
    bool before_unscale; /* a mistake at work: the scaled gradients are clipped */
} ClipFacts;

enum { INJECTED_TEXT = TENSOR_NAME + 32 };

enum { POLICY_TEXT = 128 };

/* How the run departs from what PyTorch's autocast runs low. */
typedef struct PolicyFacts {
    char words
        [POLICY_TEXT]; /* as typed behind the format: "keep=relu force=softmax"; "": not at all */
    char forced[POLICY_TEXT]; /* a mistake at work: "softmax" runs in the low format; "": nothing */
    bool norms, unstable;     /* layernorm is among them; softmax is without its largest number */
} PolicyFacts;

/* The last skipped step, for `why`; or the first that should have been, and was taken. */
typedef struct SkipFacts {
    int64_t step;             /* 0: there was none */
    char tensor[TENSOR_NAME]; /* first in the order of the step to hold inf or nan */
    Format format;
    bool forward;             /* it is no gradient: the loss scale has no part in it */
    int64_t nonfinite, count; /* of its values */
    float amax;               /* its largest finite magnitude before the cast */
    float scale_used, scale_next;
    float scale_begun; /* of the first of the skips in a row; 0: not known, or it was set since */
    int64_t in_a_row;  /* skips up to and with this one; 0: it was taken */
    char injected[INJECTED_TEXT]; /* what was put into the step: "inf fc1.out"; "": nothing */
} SkipFacts;

/* What was last put into a step, as long as no later loss is finite: that clears it of blame. */
typedef struct InjectedFacts {
    int64_t step; /* 0: nothing */
    char what[INJECTED_TEXT];
    bool late; /* the loss was inf or nan before, and not from such a step: it is not to blame */
} InjectedFacts;

/* What the bytes of a run are for. */
typedef enum MemoryPart {
    PART_WEIGHTS,
    PART_COPIES,
    PART_GRADS,
    PART_OPTIMIZER,
    PART_ACTIVATIONS,
    PART_COUNTERS,
    PART_WORKSPACE,
    PART_DATA,
    PART_RUNTIME,
    PART_COUNT,
    PART_OF_VALUES = PART_ACTIVATIONS + 1, /* the parts below it are values of a step */
} MemoryPart;

typedef struct MemoryPartInfo {
    const char *name, *text; /* text: a few words */
} MemoryPartInfo;

extern const MemoryPartInfo memory_parts[PART_COUNT];

/* Bytes by part; all zero: there is no step to run yet. */
typedef struct MemoryFacts {
    int64_t held[PART_COUNT];    /* by the backend, as it tells */
    int64_t formats[PART_COUNT]; /* by the values of a step, each as wide as its format ... */
    int64_t fp32[PART_COUNT];    /* ... and the same for the same step without autocast */
    bool emulated;               /* the backend carries all formats in fp32 */
} MemoryFacts;

struct Past;

typedef struct Snapshot {
    int64_t sequence; /* grows with every change; equal: nothing is new */
    char run_name[RUN_NAME];
    char runs[RUNS_MOST][RUN_NAME];   /* of all runs of the session, its own among them */
    char marks[MARKS_MOST][RUN_NAME]; /* moments that were given a name */
    char fp8[FACT_TEXT];              /* of autocast fp8: "scaling delayed"; else "" */
    char rounding[RUN_NAME];          /* of low weights: "stochastic" */
    char next_phase[PHASE_NAME];      /* of a step taken phase by phase; "": none is under way */
    char backend[FACT_TEXT];
    char net[NET_FACT]; /* as typed after `net` */
    char data[FACT_TEXT], optim[FACT_TEXT], loss_name[FACT_TEXT];
    bool updates;              /* steps of the optimizer are counted, from the next on */
    bool probes;               /* every cast is counted from the next step on */
    bool training;             /* steps are being taken */
    int64_t batch, accumulate; /* of a step: examples in a micro-batch, micro-batches */
    uint64_t seed;
    Format autocast; /* FORMAT_FP32: off; FORMAT_E4M3: fp8 */
    Format weights;  /* what parameters are kept in; low: there are no masters */
    Format states;   /* what the optimizer's state is kept in */
    int tensor_count, mark_count, run_count; /* run_count: runs of the session */
    double gain, loss_weight;                /* what inputs and the loss are multiplied by */
    double eps_lost; /* Adam's eps, where the format of its states rounds it to 0; else 0 */
    ScalerFacts scaler;
    ClipFacts clip;
    PolicyFacts policy;
    double pace;         /* steps a second at most; 0: as fast as it goes */
    int64_t step;        /* steps of this run, skipped ones included */
    int64_t skipped;     /* of them */
    int64_t epoch_steps; /* steps an epoch has */
    double lr;
    Measure loss, batch_loss, grad_norm, clip_coef, accuracy, steps_per_second;
    int64_t accuracy_step;            /* the step after which `accuracy` was measured */
    SkipFacts last_skip, first_taken; /* first_taken: with inf or nan, which it made the weights */
    InjectedFacts injected;
    MemoryFacts memory;
    TensorFacts *tensors; /* in the order of the step */
    Heat heat;
    Sweep sweep; /* the last one, of `sweep scale` */
    History history;
    EventLog events;
    const struct Past *past; /* telemetry/past.h; borrowed. NULL: it is not known here */
} Snapshot;

/* Bytes of one of MemoryFacts' columns: of all values of a step; and that one weight takes with its copy,
 * gradient and optimizer's state, by the formats or in fp32. */
int64_t memory_of_values(const int64_t *bytes);
double snapshot_weight_bytes(const Snapshot *snapshot, const int64_t *bytes);

void snapshot_release(Snapshot *snapshot);

/* A deep copy; whatever `to` held is released. */
void snapshot_copy(Snapshot *to, const Snapshot *from);

/* NULL where there is no such tensor. */
const TensorFacts *snapshot_tensor(const Snapshot *snapshot, const char *name);

/* The gradient that lost the largest share of its mass in its cast; where none lost any, the first
 * layer's weight gradient; NULL where there are no gradients. What a view shows first. */
const TensorFacts *snapshot_worst(const Snapshot *snapshot);

#endif
