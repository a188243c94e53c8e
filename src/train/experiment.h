/* One run: settings, weights, the plan that trains them, and what has happened so far.
 *
 * Thread rule: the worker's, but for experiment_new's caller before it hands the experiment over.
 */
#ifndef TRAIN_EXPERIMENT_H
#define TRAIN_EXPERIMENT_H

#include "nn/emit.h"
#include "program/backend.h"
#include "telemetry/snapshot.h"
#include "train/inject.h"
#include "train/loaded.h"
#include "train/settings.h"

/* Numbers that all runs of a session may hold together in host memory: 4 GiB of floats, and 16 GiB
 * where a GPU computes. There that is the start and two checkpoints, and the device has its own
 * bound. */
enum { MOST_NUMBERS = 1 << 30, GPU_FACTOR = 4 };

/* How far the last step moved each parameter (train/updates.h). */
typedef struct Updates {
    int count;          /* parameters */
    float **before;     /* as they were before `step`; NULL: nothing was asked for then */
    CastCounts *counts; /* of the step `counted`, by parameter */
    int64_t step, counted;
} Updates;

typedef struct Experiment {
    const BackendClass *class;
    Backend *backend;
    LoadedData *data; /* borrowed: two experiments may share one */
    int64_t run;      /* which one of the session's; the same wherever it is put up again */
    Settings settings;
    Status problem; /* OK: data, network and loss fit; else there is no program */
    Program program;
    Plan *plan;
    bool computed;  /* a step has run through `plan`, so that its values are some step's */
    int phases_run; /* of a step that is taken phase by phase; 0: none is under way */
    Store *store;
    float **start;            /* the parameters as the run began, for `moved` */
    char *also;               /* tensors that are counted whatever the probes are, a line each */
    bool own_start;           /* it is not what the seed makes: the run began with loaded weights */
    int64_t loaded_epochs[2]; /* whose order the device holds, by parity; -1: none */
    int64_t position;         /* training examples that the steps started so far consume */
    int64_t in_flight; /* steps started and not yet recorded; 0 but for a training's own loop */
    bool warned_loss, warned_scale;
    int64_t skips_in_a_row;
    Injections injections;
    int64_t numbers;         /* it holds in host memory; 0 while it is pending */
    StepOutcome last;        /* as the newest finished step was told */
    Snapshot facts;          /* kept up to date; tensors when they are asked for */
    CastCounts *kept_counts; /* of a restored run until its next step, by instruction; else NULL */
    Updates updates;
    Status trouble; /* of a look at the device that says nothing itself (refresh, moved) */
} Experiment;

/* The backend computes in host memory. */
bool backend_is_cpu(const BackendClass *class);

/* That bound for this backend. */
int64_t experiment_most(const BackendClass *class);

/* Numbers that a run of these settings would hold in host memory; 0 where the parts do not fit. */
int64_t experiment_size(const BackendClass *class, const Settings *settings, const Dataset *set);

/* A run from fresh weights. Caller frees. An experiment whose parts do not fit is made all the same
 * and says so in `problem`. Fails: STATUS_MEMORY: larger than is taken. */
Status experiment_new(const BackendClass *class, Backend *backend, LoadedData *data,
                      const Settings *settings, Experiment **experiment) MUST_CHECK;
void experiment_free(Experiment *experiment);

/* One that only waits, because of `problem`: a run that this backend cannot hold. Fails as
 * above. */
Status experiment_pending(const BackendClass *class, Backend *backend, LoadedData *data,
                          const Settings *settings, Status problem,
                          Experiment **experiment) MUST_CHECK;

/* Makes `wanted` hold, within the same run (settings_same_run), which must not be pending. On
 * failure nothing has changed: a run that stands is not broken by, say, a batch that does not
 * fit. */
Status experiment_change(Experiment *experiment, const Settings *wanted) MUST_CHECK;

/* The program of the same settings once more, as what it is to count has changed. On failure
 * nothing has changed. */
Status experiment_plan_again(Experiment *experiment) MUST_CHECK;

/* train/count_also.c: counts these tensors too, a line each, whatever the probes are; "": no
 * others. No bit of the training changes. On failure nothing has changed. */
Status experiment_count_also(Experiment *experiment, const char *tensors) MUST_CHECK;

/* The loss scale, now; the tracker stays. Where scaling was off it becomes static. */
void experiment_set_scale(Experiment *experiment, float scale);

/* The scale back at its start, the tracker at 0. */
void experiment_restart_scaler(Experiment *experiment);

/* Starts one step. Fails: STATUS_INTERRUPTED without a trace, STATUS_DEVICE. */
Status experiment_start_step(Experiment *experiment) MUST_CHECK;

/* train/part_step.c: the same step in parts, from the first phase to the last; at the end it is as
 * if started whole. Fails: STATUS_INTERRUPTED, STATUS_DEVICE; then experiment_drop_step is due. */
Status experiment_run_phase(Experiment *experiment, Phase phase) MUST_CHECK;

/* Forgets a step whose phase `step` has not run; harmless where none is under way. */
void experiment_drop_step(Experiment *experiment);

/* The instruction has run in the step under way; the value is of it or of an earlier one. */
bool experiment_has_run(const Experiment *experiment, int instr);
bool experiment_has_value(const Experiment *experiment, ValueId id);

/* The rest of starting one: what holds once all of it is with the device; and the orders of the
 * epochs that the next batch touches, on the device. */
void experiment_step_started(Experiment *experiment);
Status experiment_load_orders(Experiment *experiment) MUST_CHECK;

/* Into `facts`: where the step under way stands. */
void experiment_tell_phase(Experiment *experiment);

/* The device holds one order of a data set: after another run over it this one loads its own
 * again. */
void experiment_forget_orders(Experiment *experiment);

/* Records the steps that have finished; `all`: waits for every one that was started. All else here
 * is for times when none is in flight. Fails: STATUS_DEVICE. */
Status experiment_collect(Experiment *experiment, bool all) MUST_CHECK;

/* What the instruction's store did in the last step; zeros where none is known. Fails as
 * counts_read. */
Status experiment_counts(const Experiment *experiment, int instr, CastCounts *counts);

/* Brings the tensors of `facts` up to the last step. */
void experiment_refresh(Experiment *experiment);

/* Share of held-out examples, or of a text's characters, that are told rightly, into facts.accuracy; none where there are
 * no classes. Fails: STATUS_INTERRUPTED. */
Status experiment_accuracy(Experiment *experiment) MUST_CHECK;

/* Share of the stored numbers of each weight whose bits are not those of the start. */
void experiment_moved(Experiment *experiment);

/* Steps that cover the training examples once. */
int64_t experiment_epoch_steps(const Experiment *experiment);

/* train/record.c: what a finished step adds to the facts. */
void experiment_record(Experiment *experiment, const StepOutcome *outcome);

/* An example of the data, as a network is told of it. */
ExampleShape example_shape(const Dataset *set);

/* The program of a step under these settings, which counts `also` besides (NULL: nothing); verify
 * it before it runs. */
void experiment_emit(const Settings *settings, const char *also, const Dataset *set,
                     Program *program);

/* train/memory.c: what the plan holds, into facts.memory. */
void experiment_weigh(Experiment *experiment);

/* train/describe.c: the words and numbers of `facts` that follow from the settings. */
void experiment_describe(Experiment *experiment);

#endif
