/* The session: up to four runs that step together, a worker thread that trains them, and the past
 * to go back to.
 *
 * Thread rule: every function is called from the main thread. Changes go through a mailbox to the
 * worker and take effect at the next step boundary; the call returns when they have, with the
 * number of that step. The worker never calls back.
 */
#ifndef TRAIN_SESSION_H
#define TRAIN_SESSION_H

#include "base/text.h"
#include "telemetry/expr.h"
#include "telemetry/snapshot.h"
#include "train/bench.h"
#include "train/settings.h"

typedef struct Session Session;

typedef struct SessionOptions {
    struct Registry *registry; /* program/registry.h; must outlive the session */
    const char *backend;       /* "auto", "cpu", "cuda" or "cuda:N"; NULL: auto */
    int threads;               /* 0: as many as there are processors */
} SessionOptions;

/* Starts with settings_default(), data loaded, weights initialised, nothing trained.
 * Caller frees. Fails: STATUS_UNSUPPORTED: no such backend here (with the reason), STATUS_IO: the
 * shipped data set is missing. */
Status session_new(const SessionOptions *options, Session **session) MUST_CHECK;
void session_free(Session *session);

/* One line for the banner: which backend computes, and why ("cpu (...), 2 threads; cuda: not
 * built"). Borrowed until the next call. */
const char *session_backend(Session *session);

/* Fails: STATUS_USAGE: no backend is called this. */
Status session_check_backend(const char *name) MUST_CHECK;

/* Takes the run to another backend, where it goes on with the same bits of weights, optimizer and
 * scaler; also while it trains. Fails: why that one cannot compute here, or not this; nothing has
 * changed then. */
Status session_switch(Session *session, const char *name, int64_t *step) MUST_CHECK;

/* "auto" found a plug-in, so it had to choose. */
bool session_chose(const Session *session);

/* What happened without being asked for since this was last asked (a device was lost): appends a
 * sentence. False: nothing. */
bool session_news(Session *session, Text *text);

/* What holds now (borrowed until the next call that changes anything). */
const Settings *session_settings(const Session *session);

/* Makes `wanted` hold. Data, net, loss kind or seed that differ start a new run from fresh weights
 * (the old one can be brought back with session_undo); all else keeps the weights. A changed
 * optimizer kind starts from empty state; a changed learning rate keeps it. Each part is checked
 * first, and on failure nothing has changed; parts that are right but do not fit each other are
 * taken (they are typed one after the other), and session_problem says so. `*step`: the step at
 * whose boundary it took effect. Fails: whatever does not fit, in one sentence. */
Status session_apply(Session *session, const Settings *wanted, int64_t *step) MUST_CHECK;

/* OK while data, network and loss fit each other. Otherwise what does not, and what to type: such
 * an experiment is only pending, and training it fails with this sentence. */
Status session_problem(const Session *session) MUST_CHECK;

/* Sets the scale of the running scaler now; its tracker stays, as GradScaler.update(new_scale). */
Status session_set_scale(Session *session, float scale, int64_t *step) MUST_CHECK;

/* As a new GradScaler: the scale back at its start, the tracker and the overflows borne at 0.
 * Harmless where scaling is off. */
Status session_restart_scaler(Session *session) MUST_CHECK;

/* Weights, optimizer, scaler and position back to the start of the run, same seed. Undoable. */
Status session_reset(Session *session) MUST_CHECK;

/* Brings back what net, data, seed, loss, reset or an earlier undo replaced. `what`: appends a few
 * words that say what came back. Fails: STATUS_USAGE: there is nothing to undo. */
Status session_undo(Session *session, Text *what) MUST_CHECK;

/* Where all runs of a session can be put aside, in memory. */
typedef enum AsidePlace {
    ASIDE_OWN,  /* the learner's own, while a lesson has the stage */
    ASIDE_STEP, /* those of a lesson's step, while the learner plays */
    ASIDE_PLACES,
} AsidePlace;

/* Keeps a copy of all runs as they are, whatever becomes of them; what was there before goes. Fails:
 * session_problem; STATUS_MEMORY: there is no room for both. */
Status session_put_aside(Session *session, AsidePlace place) MUST_CHECK;

/* They become the present runs again, to the bit, with the one in use, and a script of the session is what
 * it was then; what they replace is gone, and nothing is left there. Fails: STATUS_USAGE: nothing is
 * there; as session_apply, and all is as before. */
Status session_take_back(Session *session, AsidePlace place) MUST_CHECK;

/* Harmless where nothing is there. */
void session_let_go(Session *session, AsidePlace place);
bool session_has_aside(Session *session, AsidePlace place);

/* Undo has nothing to bring back any more. */
void session_forget_replaced(Session *session);

/* Writes the run, as of the last step, to a safetensors file. `step`: which one. Fails:
 * STATUS_IO. */
Status session_save(Session *session, const char *path, int64_t *step) MUST_CHECK;

/* Makes the run in a file the present one; undo brings the old one back. A file of weights alone is
 * loaded into the present network, and all else starts anew. `what`: appends what it was. Fails:
 * whatever is wrong with the file, in one sentence; nothing has changed then. */
Status session_load(Session *session, const char *path, Text *what) MUST_CHECK;

/* A run beside the one in use. */
typedef struct ForkSpec {
    const char *name; /* a letter, then letters, digits, - and _; not "all" */
    Settings settings;
    float scale;     /* > 0: as session_set_scale */
    bool new_scaler; /* as session_restart_scaler */
} ForkSpec;

/* Copies the run in use, to the bit; the copy goes on under its own settings and steps together
 * with the others, which it may differ from in all but data, seed, batch, accumulate and pace. The
 * run in use stays in use. `*step`: the step behind which it began. Fails: STATUS_USAGE: the name,
 * RUNS_MOST runs are there, another net or loss at a step other than 0; STATUS_MEMORY; or as
 * session_apply. */
Status session_fork(Session *session, const ForkSpec *spec, int64_t *step) MUST_CHECK;

/* -1: there is no run of this name. */
int session_run_named(const Session *session, const char *name);

/* What asks or changes a run from now on means this one. Fails: STATUS_DEVICE. */
Status session_use(Session *session, int i) MUST_CHECK;

/* The others go on. Undo brings it back, with the others as they are now, where `*kept`. Fails:
 * STATUS_USAGE: it is the only one. */
Status session_drop(Session *session, int i, bool *kept) MUST_CHECK;

typedef struct StagedRun {
    char name[RUN_NAME];
    Settings settings; /* the same data, seed, batch, accumulate and pace in all */
} StagedRun;

/* All runs go, and these begin together at step 0, as one change for undo; the first is in use.
 * `command`: what does it again. Fails: as session_apply. */
Status session_stage(Session *session, const StagedRun *runs, int count,
                     const char *command) MUST_CHECK;

/* How far a training goes. */
typedef struct Goal {
    int64_t steps;     /* > 0: so many steps */
    const char *until; /* else: an expression to become true; NULL: endless */
    bool at_pace;      /* keep to Settings.pace; else as fast as it goes */
} Goal;

/* Starts training and returns. Fails: STATUS_USAGE: already training; a bad expression. */
Status session_start(Session *session, const Goal *goal) MUST_CHECK;

bool session_training(const Session *session);

/* No step is taken while a training is held, so that what is changed meanwhile, in one run after
 * the other, takes effect at one and the same step. Ends with `false`, and where somebody waits
 * for the training to end. */
void session_hold(Session *session, bool held);

/* Waits up to `seconds` for the training to end; true when it has. */
bool session_wait(Session *session, double seconds);

/* Stops after the present step; harmless while nothing runs. */
void session_pause(Session *session);

/* Stops within the present step, which then leaves no trace. Async-signal-safe. */
void session_interrupt(Session *session);

/* How the last training ended: OK when it reached its goal or was paused; else why not
 * (an `until` that failed, STATUS_INTERRUPTED). */
Status session_result(const Session *session) MUST_CHECK;

/* Steps that cover the training examples once. */
int64_t session_epoch_steps(const Session *session);

/* Of the present (or last) training, in steps; wanted: 0 where it is endless or until an
 * expression. */
typedef struct Progress {
    int64_t done, wanted, skipped;
} Progress;

Progress session_progress(const Session *session);

/* Fills `snapshot` (zeroed or one taken before; caller releases) with the last completed step.
 * Cheap: may be asked thirty times a second while training runs. */
void session_snapshot(Session *session, Snapshot *snapshot);

/* The runs of the session, from 0 on in the order in which they were made; at most RUNS_MOST. They
 * share data, seed and batches, and step in lockstep. One of them is in use: what asks or changes
 * a run and names none means that one. */
int session_run_count(const Session *session);
const char *session_run_name(const Session *session, int i); /* borrowed until runs change */
int session_run_current(const Session *session);

/* session_snapshot of that run. */
void session_snapshot_run(Session *session, int i, Snapshot *snapshot);

/* The first step whose loss is not the same in both runs, to the bit, or that one of them skipped
 * and the other did not; -1: none yet. A loss scale that differs is no difference by itself: as
 * long as nothing is lost or overflows, powers of two change no bit of the training. */
int64_t session_first_difference(const Session *session, int i, int j);

/* The same after measuring what `needs` names, at a step boundary. Accuracy is none where the data
 * has no classes. Fails: STATUS_INTERRUPTED. */
Status session_measure(Session *session, ExprNeeds needs, Snapshot *snapshot) MUST_CHECK;

/* What a network is to write. */
typedef struct SampleSpec {
    const char *from;   /* what stands before it, in UTF-8; NULL: the beginning of a paragraph */
    int64_t count;      /* of characters to write */
    double temperature; /* logits are divided by it; 0: always the likeliest */
    uint64_t seed;
} SampleSpec;

/* Appends `from` and what the network of the run in use writes behind it, with its weights and in its
 * format as they are at a step boundary; changes nothing of the run. Of more characters than the network
 * looks at it sees the last. Fails: STATUS_USAGE: `from` has a character that the text has not;
 * STATUS_UNSUPPORTED: the data is no text, or the network gives nan; session_problem; STATUS_INTERRUPTED. */
Status session_sample(Session *session, const SampleSpec *spec, Text *text) MUST_CHECK;

/* Times steps of the present experiment under `spec`, in a run of its own; the present one stays
 * to the bit as it was. fp16 has the present loss scale (dynamic where that is off), others have
 * none. Fails: STATUS_USAGE while training; STATUS_UNSUPPORTED, STATUS_MEMORY: not in this format;
 * STATUS_INTERRUPTED; STATUS_DEVICE: the device was lost, and the run went on elsewhere. */
Status session_bench_begin(Session *session, const BenchSpec *spec, BenchFacts *facts) MUST_CHECK;

/* Waits up to `seconds` for the end of it; true when it has come, with how it ended. Until then
 * `spec` and `facts` must stay, and nothing else may be asked of the session but copies and what
 * stops it. */
bool session_bench_ended(Session *session, double seconds, Status *status);

/* Appends the program that a step runs, as `show program` prints it. */
/* Of a network that is to hold: does each layer take what comes to it from pictures such as the data at hand
 * has? Where the data has none nothing is said, for it may change next. Fails: STATUS_SHAPE; the sentence
 * quotes the layer. */
Status session_check_layers(Session *session, const NetSpec *net) MUST_CHECK;

/* Appends a line for each layer: its shape, format and parameters. Fails: session_problem. */
Status session_print_layers(Session *session, Text *text) MUST_CHECK;

/* Appends a line for each operation that autocast knows: the formats it takes, runs in and gives, and
 * why. */
Status session_print_autocast(Session *session, Text *text) MUST_CHECK;

void session_print_program(Session *session, Text *text);

/* Every finished training of this session, oldest first, once for each of its runs. */
typedef struct TrainingFacts {
    int number; /* from 1; runs that trained together share it */
    char run[RUN_NAME];
    char settings[512]; /* as settings_print has them, "; " between */
    int64_t first_step, last_step, skipped;
    Measure loss, accuracy; /* accuracy: the last measured in it */
    float scale;
    double seconds;
} TrainingFacts;

/* How many have ended, ever. */
int64_t session_trainings(const Session *session);

int session_history_count(const Session *session);
const TrainingFacts *session_history(const Session *session, int i);

/* Logs something the learner did, with the present step, for the event panel. */
void session_note(Session *session, const char *text);

#endif
