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
#include "train/checkpoint.h"
#include "train/journal.h"
#include "train/session.h"
#include "train/trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { HISTORY_KEPT = 256 };

typedef Status JobRun(Session *session, void *argument);

/* A training under way. */
typedef struct Training {
    int64_t first_step, started, done, wanted; /* wanted 0: no number of steps was asked for */
    int64_t skipped_before;
    bool at_pace;
    int64_t run;        /* that it trained */
    Expr *until;        /* NULL: none */
    double begun, next; /* seconds of the clock: when it began; when the next step is due */
    double ended;       /* when its last step was recorded; 0 until then */
} Training;

/* What computes. */
typedef struct Computer {
    const BackendClass *class;
    Backend *backend;
    BackendName name;
    Text words; /* which, and why */
} Computer;

/* The newest state of the present run in host memory, in case its device is lost. */
typedef struct Rescue {
    Checkpoint *checkpoint; /* NULL: on the CPU, which is not lost */
    double taken, seconds;  /* when, on the clock, and how long that took */
} Rescue;

struct Session {
    struct Registry *registry; /* borrowed */
    int threads;
    Computer here; /* words: under the lock */

    Experiment *current;
    Checkpoint *previous; /* what undo brings back; NULL: nothing */
    LoadedData *previous_data;
    int64_t runs; /* begun so far */
    LoadedSets loaded;
    Training training;
    Rescue rescue;
    Trace *trace; /* NULL: none */
    Journal journal;

    pthread_t thread;
    bool works;           /* the thread runs */
    pthread_mutex_t lock; /* guards what follows, down to the atomics */
    pthread_cond_t wake, done;
    JobRun *job; /* NULL: the mailbox is empty */
    void *argument;
    Status answer;
    bool ending, is_training;
    Status result;
    Status trace_problem; /* of a trace that ended by itself, until it is asked for */
    Snapshot published;
    double last_published;
    Text news;                           /* what happened without being asked for */
    TrainingFacts history[HISTORY_KEPT]; /* training n (from 0) at n % HISTORY_KEPT */
    int64_t trainings;

    atomic_bool interrupt, pause;
    _Atomic int64_t progress_done, progress_wanted, progress_skipped;

    Settings settings;          /* the main thread's copy of the current ones */
    Status problem;             /* likewise */
    TrainingFacts history_copy; /* what session_history hands out */
    Text words_copy;            /* what session_backend hands out */
};

/* Starts the thread. Fails: STATUS_MEMORY; worker_end is due all the same. */
Status worker_start(Session *session) MUST_CHECK;
void worker_end(Session *session);

/* Posts a job, waits, and hands back its answer. Main thread only. */
Status worker_ask(Session *session, JobRun *run, void *argument) MUST_CHECK;

/* Copies the facts for the main thread. Worker only. */
void worker_publish(Session *session);

/* Ends the present training, if there is one, with this result. Worker only. */
void worker_stop(Session *session, Status result);

/* train/session.c: after every job that may have changed something, the copies that the main thread
 * reads. The main thread waits for the job, so nobody reads them now. */
void session_copy_out(Session *session);

/* train/runs.c: a run of these settings from fresh weights, or from a checkpoint of them, becomes the
 * present one. */
Status runs_begin(Session *session, const Settings *wanted, const Checkpoint *from) MUST_CHECK;

/* Lets go of data that no run uses. */
void runs_drop_unused(Session *session);

/* train/computer.c */
Status computer_open(Session *session, BackendName name, Computer *computer) MUST_CHECK;
void computer_close(Computer *computer);

/* train/rescue.c: takes the newest state of the present run, where it is not on the CPU. */
Status rescue_renew(Session *session) MUST_CHECK;

/* Takes the checkpoint as that state; on the CPU it is let go of. */
void rescue_keep(Session *session, Checkpoint *checkpoint);

/* It is time for another during a training: at least 5 s after the last one, at most 1% of the time. */
bool rescue_due(const Session *session, double now);

/* The device of the present run is lost, and there is a state to go on from. */
bool rescue_wanted(const Session *session, Status trouble);

/* Goes on with it on the CPU, and says so. Fails: with what is to be said where it cannot. */
Status rescue_run(Session *session, Status trouble) MUST_CHECK;

/* train/computer.c: takes the session to another computer, with its present run as of `from`. On
 * failure nothing has changed, and the other is still the caller's. `wait`: a run that the other cannot
 * hold is left pending there, and the checkpoint is what undo brings back. */
typedef struct Move {
    Computer *to;
    Checkpoint *from;
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
