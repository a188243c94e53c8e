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
#include "train/experiment.h"
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
    const Experiment *run; /* that it trained; compared, never followed */
    Expr *until;           /* NULL: none */
    double begun, next;    /* seconds of the clock: when it began; when the next step is due */
} Training;

struct Session {
    const BackendClass *class;
    Backend *backend;
    Text backend_words;

    Experiment *current, *previous; /* previous: what undo brings back; NULL: nothing */
    LoadedSets loaded;
    Training training;
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
    TrainingFacts history[HISTORY_KEPT]; /* training n (from 0) at n % HISTORY_KEPT */
    int64_t trainings;

    atomic_bool interrupt, pause;
    _Atomic int64_t progress_done, progress_wanted, progress_skipped;

    Settings settings;          /* the main thread's copy of the current ones */
    Status problem;             /* likewise */
    TrainingFacts history_copy; /* what session_history hands out */
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

/* Writes the step that was just recorded into the trace, if there is one. Worker only. */
void worker_trace(Session *session);

/* Seconds of a clock that never jumps. */
double clock_seconds(void);

/* The moment on that clock which is so many seconds away. */
struct timespec clock_after(double seconds);

#endif
