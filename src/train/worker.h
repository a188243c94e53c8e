/* The worker thread of a session, and the mailbox through which the main thread reaches it. Private
 * to this folder.
 *
 * The worker owns the experiments and all calls of the backend. The main thread posts one job at a
 * time and waits for it; a job runs between two steps. What the main thread may read without asking
 * is `published`, a copy that the worker renews, under the lock.
 */
#ifndef TRAIN_WORKER_H
#define TRAIN_WORKER_H

#include "program/registry.h"
#include "train/breakpoint.h"
#include "train/checkpoint.h"
#include "train/journal.h"
#include "train/session.h"
#include "train/sweep.h"
#include "train/timeline.h"
#include "train/trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { HISTORY_KEPT = 256 };

typedef Status JobRun(Session *session, void *argument);

/* The first step at which two runs of a session differ; -1: none yet. */
typedef struct Differences {
    int64_t first[RUNS_MOST][RUNS_MOST];
} Differences;

/* The runs of a session. All stand at the same step of the same batches; one is in use. */
typedef struct Runs {
    Experiment *all[RUNS_MOST];
    int count, used;
    Differences differences;
    int64_t compared; /* steps up to this one were looked at for them */
} Runs;

/* The same as host data. */
typedef struct KeptRuns {
    Checkpoint *all[RUNS_MOST];
    int count, used; /* count 0: nothing is kept */
    Differences differences;
    LoadedData *data; /* borrowed */
} KeptRuns;

/* Runs that were put aside, and what a script of them would say. */
typedef struct Aside {
    KeptRuns runs;
    Journal journal;
} Aside;

/* A training under way. */
typedef struct Training {
    int64_t first_step, started, done, wanted; /* wanted 0: no number of steps was asked for */
    struct {
        int64_t first_step, skipped; /* its first step in this training; steps skipped before */
    } of[RUNS_MOST];
    bool at_pace;
    Expr *until;        /* NULL: none */
    int until_run;      /* whose numbers it asks */
    double begun, next; /* seconds of the clock: when it began; when the next step is due */
    double ended;       /* when its last step was recorded; 0 until then */
    bool over;          /* with the step that was under way before it began */
} Training;

/* What computes. */
typedef struct Computer {
    const BackendClass *class;
    Backend *backend;
    BackendName name;
    Text words; /* which, and why */
} Computer;

/* The newest state of the runs in host memory, in case their device is lost. */
typedef struct Rescue {
    KeptRuns kept;         /* none: on the CPU, which is not lost */
    double taken, seconds; /* when, on the clock, and how long that took */
} Rescue;

/* What a training did to one run. */
typedef struct Told {
    TrainingFacts facts;
    int64_t run; /* which one of the session's */
} Told;

/* A measuring that the worker was asked for. */
typedef struct BenchAsked {
    const BenchSpec *spec;
    BenchFacts *facts;
    const Backend *on; /* NULL: not begun */
} BenchAsked;

/* A gradient as it was in fp32, at the same loss scale. */
typedef struct SweptGrad {
    char name[TENSOR_NAME];
    float *values;
    int64_t count;
} SweptGrad;

/* A sweep that the worker was asked for, and what later formats are compared with. */
typedef struct SweepAsked {
    SweepSpec spec;
    AutocastPass *pass;
    SweptGrad *reference;
    int reference_count;
} SweepAsked;

/* What the main thread knows of the runs without asking. */
typedef struct RunNames {
    char all[RUNS_MOST][RUN_NAME];
    int count, used;
} RunNames;

struct Session {
    struct Registry *registry; /* borrowed */
    int threads;
    Computer here; /* words: under the lock */

    Runs runs;
    KeptRuns previous; /* what undo brings back */
    Aside aside[ASIDE_PLACES];
    int64_t begun; /* runs so far */
    LoadedSets loaded;
    Training training;
    Rescue rescue;
    Trace *trace; /* NULL: none */
    Journal journal;
    Timeline timeline;
    Breakpoints breaks;
    BenchAsked bench;
    SweepAsked sweep;
    int64_t swept; /* sweeps of scales so far */

    pthread_t thread;
    bool works;           /* the thread runs */
    pthread_mutex_t lock; /* guards what follows, down to the atomics */
    pthread_cond_t wake, done;
    JobRun *job; /* NULL: the mailbox is empty */
    void *argument;
    Status answer;
    bool ending, is_training;
    bool held; /* jobs are done, but no step is taken */
    Status result;
    Status trace_problem; /* of a trace that ended by itself, until it is asked for */
    Snapshot published[RUNS_MOST];
    Differences differences;
    int64_t sequence; /* of what is published */
    double last_published;
    Text news;                  /* what happened without being asked for */
    Told history[HISTORY_KEPT]; /* the n-th (from 0) at n % HISTORY_KEPT */
    int64_t told;               /* in it, ever */
    int trainings;

    atomic_bool interrupt, pause;
    atomic_bool together; /* one of the runs has taken the step, and the others must too */
    _Atomic int64_t progress_done, progress_wanted, progress_skipped;

    Settings settings;          /* the main thread's copy, of the run in use */
    Status problem;             /* likewise, of any run */
    RunNames names;             /* likewise */
    TrainingFacts history_copy; /* what session_history hands out */
    Text words_copy;            /* what session_backend hands out */
};

/* Starts the thread. Fails: STATUS_MEMORY; worker_end is due all the same. */
Status worker_start(Session *session) MUST_CHECK;
void worker_end(Session *session);

/* Posts a job; no other may be posted until it is answered, which worker_answered waits for, so
 * long at most. Main thread only. */
void worker_post(Session *session, JobRun *run, void *argument);
bool worker_answered(Session *session, double seconds, Status *answer);

/* Posts a job, waits, and hands back its answer. Main thread only. */
Status worker_ask(Session *session, JobRun *run, void *argument) MUST_CHECK;

/* Fails: STATUS_USAGE: a step is taken phase by phase. Main thread only. */
Status worker_between_steps(const Session *session) MUST_CHECK;

/* The same for what changes the runs, or needs them as they stand between two steps. Fails too:
 * STATUS_USAGE: a step is taken phase by phase. */
Status worker_change(Session *session, JobRun *run, void *argument) MUST_CHECK;

/* Copies the facts for the main thread. Worker only. */
void worker_publish(Session *session);

/* Ends the present training, if there is one, with this result. Worker only. */
void worker_stop(Session *session, Status result);

/* train/session.c: after every job that may have changed something, the copies that the main thread
 * reads. The main thread waits for the job, so nobody reads them now. */
void session_copy_out(Session *session);

/* train/lockstep.c. The run in use; NULL before the first. */
Experiment *runs_used(const Session *session);

/* Starts the next step in every run. Fails: STATUS_INTERRUPTED, and none has started it;
 * STATUS_DEVICE. */
Status runs_start_step(Session *session) MUST_CHECK;

/* Records what has finished in each of them; `all`: waits for every step that was started. */
Status runs_collect(Session *session, bool all) MUST_CHECK;

/* Of a look at the device by any of them. */
Status runs_trouble(const Session *session) MUST_CHECK;

/* Numbers in host memory: of all runs; of some that are kept; of all that are kept beside the runs,
 * for undo and aside. */
int64_t runs_size(const Session *session);
int64_t kept_size(const Session *session, const KeptRuns *kept);
int64_t beside_size(const Session *session);

/* train/runs.c: all of them as host data. Caller releases. Fails: STATUS_DEVICE. */
Status runs_take(const Session *session, KeptRuns *kept) MUST_CHECK;
void kept_release(KeptRuns *kept);

/* train/aside.c */
void aside_release(Aside *aside);

/* Frees what was put up. */
void runs_free(Runs *runs);

/* A run of these settings from fresh weights, or as a checkpoint of them has it. */
Status runs_put_up(const Session *session, LoadedData *data, const Settings *settings,
                   const Checkpoint *from, Experiment **experiment) MUST_CHECK;

/* `next` are taken, and become the present runs; undo brings back the former. On failure nothing
 * has changed, and `next` is still the caller's. */
Status runs_replace(Session *session, const Runs *next) MUST_CHECK;

/* Puts up what is kept, which stays. */
Status runs_bring_back(Session *session, const KeptRuns *back, Runs *next) MUST_CHECK;

/* Lets go of data that no run uses. */
void runs_drop_unused(Session *session);

/* Runs that begin together and become the present ones. */
typedef struct NewRun {
    char name[RUN_NAME];
    Settings settings;
    const Checkpoint *from; /* NULL: from fresh weights */
} NewRun;

Status runs_begin(Session *session, const NewRun *wanted, int count, int used) MUST_CHECK;

/* All runs again from step 0 under other settings, one for each. Those that began with loaded
 * weights go back to them: the one in use only where `used_too`, the others where the weights
 * still fit. */
Status runs_begin_again(Session *session, const Settings *wanted, bool used_too) MUST_CHECK;

/* Behind every step, however it was taken: it is recorded (`all`: with every one that was started)
 * and traced, copies are kept where they are due (`save`: for a rescue too), and what waits for a
 * condition is asked. `*last`: one turned true, or it is the training's last. Worker only. Fails:
 * a condition that cannot be asked; STATUS_DEVICE. */
Status worker_end_step(Session *session, bool all, bool save, bool *last) MUST_CHECK;

/* How far the present training has come, for whoever asks. Worker only. */
void worker_note_progress(Session *session);

/* train/phases.c: a step is taken phase by phase. Worker only. */
bool phases_under_way(const Session *session);

/* Before the first of some steps: there is a way back, and conditions are armed. Where a step is
 * under way, its first phase has done so. Fails: as breaks_arm. */
Status phases_prepare(Session *session) MUST_CHECK;

/* The rest of it; `*last` as worker_end_step has it, false where none is under way. Fails too:
 * STATUS_INTERRUPTED, and it is dropped. */
Status phases_finish(Session *session, bool *last) MUST_CHECK;

/* It is forgotten. */
void phases_drop(Session *session);

/* train/sweep.c: lets go of what formats are compared with. */
void sweep_forget(Session *session);

/* train/bench.c: another run of these settings has room beside all that is held; `what` is done to
 * it. Fails: STATUS_MEMORY. */
Status session_room_beside(const Session *session, const Settings *settings,
                           const char *what) MUST_CHECK;

/* train/goal.c: the step that was just taken is the training's last, or stops it. Worker only.
 * Fails: a condition that cannot be asked; STATUS_DEVICE. */
Status goal_reached(Session *session, bool *reached) MUST_CHECK;

/* train/fork.c: a letter, then letters, digits, - and _, in RUN_NAME. */
bool is_run_name(const char *name);

/* train/computer.c */
Status computer_open(Session *session, BackendName name, Computer *computer) MUST_CHECK;
void computer_close(Computer *computer);

/* train/rescue.c: takes the newest state of all runs, where they are not on the CPU. */
Status rescue_renew(Session *session) MUST_CHECK;

/* Takes what is kept as that state; on the CPU it is let go of. */
void rescue_keep(Session *session, KeptRuns *kept);

/* It is time for another during a training: at least 5 s after the last one, at most 1% of the
 * time. */
bool rescue_due(const Session *session, double now);

/* The device of the runs is lost, and there is a state to go on from. */
bool rescue_wanted(const Session *session, Status trouble);

/* Goes on with it on the CPU, and says so. Fails: with what is to be said where it cannot. */
Status rescue_run(Session *session, Status trouble) MUST_CHECK;

/* train/computer.c: takes the session to another computer, with its runs as of `from`. On failure
 * nothing has changed, and the other is still the caller's. `wait`: a run that the other cannot
 * hold is left pending there, and what is kept is what undo brings back. */
typedef struct Move {
    Computer *to;
    const KeptRuns *from;
    bool wait;
} Move;

Status computer_move(Session *session, Move *move) MUST_CHECK;

/* Writes the step that was just recorded into the trace, if there is one. Worker only. */
void worker_trace(Session *session);

/* Seconds of a clock that never jumps. */
double clock_seconds(void);

/* The moment on that clock which is so many seconds away. */
struct timespec clock_after(double seconds);

#endif
