/* Starting, waiting for and stopping a training, and looking at it: the rest of session.h. */
#include "train/worker.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct Start {
    const Goal *goal;
    Expr *until; /* taken */
} Start;

/* Where each run begins in this training, for what is told of it in the end. */
static void note_beginnings(Session *session)
{
    const Runs *runs = &session->runs;

    for (int i = 0; i < runs->count; i++) {
        session->training.of[i].first_step = runs->all[i]->facts.step + 1;
        session->training.of[i].skipped = runs->all[i]->facts.skipped;
    }
}

/* The rest of a step that is taken phase by phase is this training's first. */
static Status finish_first(Session *session)
{
    Training *training = &session->training;

    if (!phases_under_way(session))
        return ok();
    training->started = training->done = 1;
    return phases_finish(session, &training->over);
}

static Status start_job(Session *session, void *argument)
{
    Start *start = argument;
    Status status;

    TRY(phases_prepare(session));
    session->training = (Training){
        .first_step = runs_used(session)->facts.step + 1,
        .wanted = start->goal->until == NULL ? start->goal->steps : 0,
        .at_pace = start->goal->at_pace,
        .until = start->until,
        .until_run = session->runs.used,
        .begun = clock_seconds(),
    };
    note_beginnings(session);
    status = finish_first(session);
    if (failed(status)) {
        session->training.until = NULL; /* still the caller's */
        worker_publish(session);
        return status;
    }
    session->training.next = session->training.begun;
    worker_note_progress(session);
    atomic_store(&session->progress_wanted, session->training.wanted);
    pthread_mutex_lock(&session->lock);
    session->is_training = true;
    session->result = ok();
    pthread_mutex_unlock(&session->lock);
    worker_publish(session);
    return ok();
}

Status session_start(Session *session, const Goal *goal)
{
    Start start = {.goal = goal};
    Snapshot known = {0};
    Status status;

    if (session_training(session))
        return fail(STATUS_USAGE, "a training is under way already; say pause first");
    TRY(session->problem);
    if (goal->until != NULL) {
        session_snapshot(session, &known);
        status = expr_read(goal->until, &known, &start.until);
        snapshot_release(&known);
        TRY(status);
    }
    atomic_store(&session->interrupt, false);
    atomic_store(&session->pause, false);
    status = worker_ask(session, start_job, &start);
    if (failed(status))
        expr_free(start.until);
    return status;
}

bool session_training(const Session *session)
{
    Session *own = (Session *)session; /* only the lock is touched */
    bool training;

    pthread_mutex_lock(&own->lock);
    training = own->is_training;
    pthread_mutex_unlock(&own->lock);
    return training;
}

void session_hold(Session *session, bool held)
{
    pthread_mutex_lock(&session->lock);
    session->held = held;
    pthread_cond_broadcast(&session->wake);
    pthread_mutex_unlock(&session->lock);
}

bool session_wait(Session *session, double seconds)
{
    struct timespec until = clock_after(seconds);
    bool ended;

    session_hold(session, false);
    pthread_mutex_lock(&session->lock);
    while (session->is_training &&
           pthread_cond_timedwait(&session->done, &session->lock, &until) == 0)
        ;
    ended = !session->is_training;
    pthread_mutex_unlock(&session->lock);
    return ended;
}

void session_pause(Session *session)
{
    atomic_store(&session->pause, true);
    pthread_mutex_lock(&session->lock);
    pthread_cond_broadcast(&session->wake);
    while (session->is_training)
        pthread_cond_wait(&session->done, &session->lock);
    pthread_mutex_unlock(&session->lock);
}

void session_interrupt(Session *session)
{
    atomic_store(&session->interrupt, true);
}

Status session_result(const Session *session)
{
    Session *own = (Session *)session; /* only the lock is touched */
    Status result;

    pthread_mutex_lock(&own->lock);
    result = own->result;
    pthread_mutex_unlock(&own->lock);
    return result;
}

int64_t session_epoch_steps(const Session *session)
{
    Session *own = (Session *)session; /* only the lock is touched */
    int64_t steps;

    pthread_mutex_lock(&own->lock);
    steps = own->published[own->names.used].epoch_steps;
    pthread_mutex_unlock(&own->lock);
    return steps;
}

Progress session_progress(const Session *session)
{
    return (Progress){
        .done = atomic_load(&session->progress_done),
        .wanted = atomic_load(&session->progress_wanted),
        .skipped = atomic_load(&session->progress_skipped),
    };
}

void session_snapshot_run(Session *session, int i, Snapshot *snapshot)
{
    pthread_mutex_lock(&session->lock);
    snapshot_copy(snapshot, &session->published[i]);
    pthread_mutex_unlock(&session->lock);
}

void session_snapshot(Session *session, Snapshot *snapshot)
{
    session_snapshot_run(session, session->names.used, snapshot);
}

int session_run_count(const Session *session)
{
    return session->names.count;
}

const char *session_run_name(const Session *session, int i)
{
    return session->names.all[i];
}

int session_run_current(const Session *session)
{
    return session->names.used;
}

int64_t session_first_difference(const Session *session, int i, int j)
{
    Session *own = (Session *)session; /* only the lock is touched */
    int64_t first;

    pthread_mutex_lock(&own->lock);
    first = own->differences.first[i][j];
    pthread_mutex_unlock(&own->lock);
    return first;
}

typedef struct Look {
    ExprNeeds needs;
    Snapshot *snapshot;
} Look;

/* Measured where a training ended, and before the next one, it is that training's. */
static void remember_accuracy(Session *session)
{
    const Experiment *now = runs_used(session);

    if (session->is_training)
        return;
    pthread_mutex_lock(&session->lock);
    for (int64_t n = session->told; n > 0 && n > session->told - RUNS_MOST; n--) {
        Told *told = &session->history[(n - 1) % HISTORY_KEPT];

        if (told->facts.number == session->trainings && told->run == now->run &&
            told->facts.last_step == now->facts.step)
            told->facts.accuracy = now->facts.accuracy;
    }
    pthread_mutex_unlock(&session->lock);
}

static Status look_job(Session *session, void *argument)
{
    Experiment *now = runs_used(session);
    Look *look = argument;

    if (look->needs.accuracy) {
        TRY(experiment_accuracy(now));
        remember_accuracy(session);
        timeline_measured(session);
    }
    worker_publish(session);
    if (look->needs.moved)
        experiment_moved(now);
    TRY(now->trouble);
    snapshot_copy(look->snapshot, &now->facts);
    return ok();
}

Status session_measure(Session *session, ExprNeeds needs, Snapshot *snapshot)
{
    Look look = {.needs = needs, .snapshot = snapshot};

    if (!session_training(session))
        atomic_store(&session->interrupt, false);
    return worker_ask(session, look_job, &look);
}

int64_t session_trainings(const Session *session)
{
    Session *own = (Session *)session; /* only the lock is touched */
    int64_t count;

    pthread_mutex_lock(&own->lock);
    count = own->trainings;
    pthread_mutex_unlock(&own->lock);
    return count;
}

int session_history_count(const Session *session)
{
    Session *own = (Session *)session; /* only the lock is touched */
    int64_t count;

    pthread_mutex_lock(&own->lock);
    count = own->told < HISTORY_KEPT ? own->told : HISTORY_KEPT;
    pthread_mutex_unlock(&own->lock);
    return (int)count;
}

const TrainingFacts *session_history(const Session *session, int i)
{
    Session *own = (Session *)session; /* the lock, and the copy that is handed out */
    int64_t oldest;

    pthread_mutex_lock(&own->lock);
    oldest = own->told < HISTORY_KEPT ? 0 : own->told - HISTORY_KEPT;
    own->history_copy = own->history[(oldest + i) % HISTORY_KEPT].facts;
    pthread_mutex_unlock(&own->lock);
    return &own->history_copy;
}
