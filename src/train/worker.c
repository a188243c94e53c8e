#include "train/worker.h"

#include <math.h>
#include <signal.h>
#include <time.h>

static const double publish_every = 0.03; /* seconds: as fast as any view looks */
static const double longest_nap = 0.05;   /* seconds: Ctrl-C is noticed this soon */
static const double long_wait = 3600.0;   /* seconds */

struct timespec clock_after(double seconds)
{
    struct timespec moment;
    double whole;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_nsec += (long)(modf(seconds, &whole) * 1e9);
    moment.tv_sec += (time_t)whole + moment.tv_nsec / 1000000000;
    moment.tv_nsec %= 1000000000;
    return moment;
}

double clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A training is over with its last step; what is put in order then is not its time. */
static double ended(const Session *session)
{
    return session->training.ended > 0.0 ? session->training.ended : clock_seconds();
}

static void measure_speed(Session *session, double now)
{
    const Training *training = &session->training;
    double seconds = now - training->begun;

    if (training->done <= 0 || seconds <= 0.0)
        return;
    for (int i = 0; i < session->runs.count; i++)
        session->runs.all[i]->facts.steps_per_second =
            (Measure){.value = (double)training->done / seconds};
}

static void refresh(Session *session)
{
    for (int i = 0; i < session->runs.count; i++)
        experiment_refresh(session->runs.all[i]);
}

static void name_runs(const Runs *runs, Snapshot *facts)
{
    facts->run_count = runs->count;
    for (int i = 0; i < runs->count; i++)
        text_copy(facts->runs[i], RUN_NAME, runs->all[i]->facts.run_name);
}

/* Under the lock, after the tensors were brought up to date. */
static void copy_facts(Session *session)
{
    const Runs *runs = &session->runs;

    session->sequence++;
    session->differences = runs->differences;
    for (int i = 0; i < runs->count; i++) {
        Snapshot *facts = &runs->all[i]->facts;

        text_copy(facts->backend, sizeof facts->backend, text_chars(&session->here.words));
        name_runs(runs, facts);
        timeline_name_marks(&session->timeline, facts);
        facts->training = session->is_training;
        facts->sequence = session->sequence;
        snapshot_copy(&session->published[i], facts);
    }
    session->last_published = clock_seconds();
}

void worker_publish(Session *session)
{
    refresh(session);
    pthread_mutex_lock(&session->lock);
    copy_facts(session);
    pthread_mutex_unlock(&session->lock);
}

static void fill_facts(const Session *session, int i, TrainingFacts *facts)
{
    const Training *training = &session->training;
    const Experiment *run = session->runs.all[i];
    const Snapshot *now = &run->facts;
    Text words = {0};

    settings_print(&run->settings, "; ", &words);
    text_copy(facts->settings, sizeof facts->settings, text_chars(&words));
    text_release(&words);
    text_copy(facts->run, sizeof facts->run, now->run_name);
    facts->first_step = training->of[i].first_step;
    facts->last_step = now->step;
    facts->skipped = now->skipped - training->of[i].skipped;
    facts->loss = now->loss;
    facts->accuracy = now->accuracy;
    if (now->accuracy_step < facts->first_step)
        facts->accuracy.none = true;
    facts->scale = now->scaler.scale;
    facts->seconds = ended(session) - training->begun;
}

static int tell(const Session *session, Told *told)
{
    const Runs *runs = &session->runs;

    for (int i = 0; i < runs->count; i++) {
        told[i] = (Told){.run = runs->all[i]->run, .facts.number = session->trainings + 1};
        fill_facts(session, i, &told[i].facts);
    }
    return session->training.done > 0 ? runs->count : 0;
}

void worker_stop(Session *session, Status result)
{
    Told told[RUNS_MOST];
    int count;

    if (!session->is_training)
        return;
    measure_speed(session, ended(session));
    expr_free(session->training.until);
    session->training.until = NULL;
    count = tell(session, told);
    refresh(session);

    /* Whoever sees that the training has ended must see its last step too. */
    pthread_mutex_lock(&session->lock);
    session->is_training = false;
    session->result = result;
    session->trainings += count > 0;
    for (int i = 0; i < count; i++)
        session->history[session->told++ % HISTORY_KEPT] = told[i];
    copy_facts(session);
    pthread_cond_broadcast(&session->done);
    pthread_mutex_unlock(&session->lock);
}

void worker_note_progress(Session *session)
{
    Training *training = &session->training;
    const Snapshot *facts = &runs_used(session)->facts;

    training->done = facts->step + 1 - training->first_step;
    atomic_store(&session->progress_done, training->done);
    atomic_store(&session->progress_skipped,
                 facts->skipped - training->of[session->runs.used].skipped);
}

/* Records what has finished; `all`: waits for every step that was started. */
static Status collect(Session *session, bool all)
{
    Status status = runs_collect(session, all);

    if (session->is_training)
        worker_note_progress(session);
    return status;
}

/* Steps may be in flight only where nobody asks after each of them. */
static bool one_at_a_time(const Session *session)
{
    return session->training.until != NULL || session->trace != NULL || session->breaks.count > 0 ||
           (session->training.at_pace && runs_used(session)->settings.pace > 0.0);
}

Status worker_end_step(Session *session, bool all, bool save, bool *last)
{
    bool keep = timeline_due(session, clock_seconds());

    TRY(collect(session, all || save || keep || one_at_a_time(session)));
    if (save)
        TRY(rescue_renew(session));
    if (keep)
        TRY(timeline_keep(session));
    worker_trace(session);
    return goal_reached(session, last);
}

static Status take_step(Session *session, bool *reached)
{
    Training *training = &session->training;
    double now = clock_seconds();
    bool due = now - session->last_published >= publish_every, save = rescue_due(session, now),
         last;

    TRY(runs_start_step(session));
    training->started++;
    last = training->started == training->wanted || atomic_load(&session->pause);
    TRY(worker_end_step(session, due || last, save, reached));
    *reached = *reached || atomic_load(&session->pause);
    if (due && !*reached) {
        measure_speed(session, clock_seconds());
        worker_publish(session);
    }
    return ok();
}

/* What it ends with is what has happened: also the steps that were under way. */
static Status settle(Session *session)
{
    TRY(collect(session, true));
    session->training.ended = clock_seconds();
    return rescue_renew(session);
}

static void train(Session *session)
{
    bool reached = session->training.over || atomic_load(&session->pause);
    Status status = reached ? ok() : take_step(session, &reached), settled;

    if (!failed(status))
        status = runs_trouble(session);
    if (!failed(status) && !reached)
        return;
    settled = settle(session);
    if (settled.code == STATUS_DEVICE || !failed(status))
        status = settled;
    if (rescue_wanted(session, status)) {
        status = rescue_run(session, status);
        if (!failed(status))
            return;
    }
    worker_stop(session, status);
}

/* Seconds until the next step is due; a run that fell behind does not hurry to catch up. */
static double seconds_to_wait(Session *session)
{
    Training *training = &session->training;
    double pace = runs_used(session)->settings.pace, now = clock_seconds();

    if (!training->at_pace || pace <= 0.0)
        return 0.0;
    if (training->next > now + 1.0 / pace)
        training->next = now + 1.0 / pace;
    if (training->next > now)
        return training->next - now;
    training->next = fmax(training->next + 1.0 / pace, now);
    return 0.0;
}

static void wait_for_mail(Session *session, double seconds)
{
    struct timespec until = clock_after(fmin(seconds, longest_nap));

    pthread_cond_timedwait(&session->wake, &session->lock, &until);
}

static void run_job(Session *session)
{
    JobRun *job = session->job;
    Status answer;

    pthread_mutex_unlock(&session->lock);
    answer = session->is_training ? collect(session, true) : ok();
    if (!failed(answer))
        answer = job(session, session->argument);
    if (rescue_wanted(session, answer)) { /* a job that failed has changed nothing: once more */
        answer = rescue_run(session, answer);
        if (!failed(answer))
            answer = job(session, session->argument);
    }
    pthread_mutex_lock(&session->lock);
    session->answer = answer;
    session->job = NULL;
    pthread_cond_broadcast(&session->done);
}

static bool asked_to_stop(Session *session)
{
    return atomic_load(&session->pause) || atomic_load(&session->interrupt);
}

/* One turn of the loop, under the lock: mail first, then at most one step. */
static void turn(Session *session)
{
    double seconds;

    if (session->job != NULL) {
        run_job(session);
        return;
    }
    if (!session->is_training) {
        pthread_cond_wait(&session->wake, &session->lock);
        return;
    }
    if (asked_to_stop(session))
        seconds = 0.0;
    else
        seconds = session->held ? longest_nap : seconds_to_wait(session);
    if (seconds > 0.0) {
        wait_for_mail(session, seconds);
        return;
    }
    pthread_mutex_unlock(&session->lock);
    train(session);
    pthread_mutex_lock(&session->lock);
}

static void *work(void *argument)
{
    Session *session = argument;

    pthread_mutex_lock(&session->lock);
    while (!session->ending)
        turn(session);
    pthread_mutex_unlock(&session->lock);
    return NULL;
}

Status worker_start(Session *session)
{
    int refused;

    pthread_condattr_t attributes;
    sigset_t all, before;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&session->lock, NULL);
    pthread_cond_init(&session->wake, &attributes);
    pthread_cond_init(&session->done, &attributes);
    pthread_condattr_destroy(&attributes);

    /* Signals belong to the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    refused = pthread_create(&session->thread, NULL, work, session);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (refused != 0)
        return fail(STATUS_MEMORY, "the system gives no thread to train with; end other programs");
    session->works = true;
    return ok();
}

void worker_end(Session *session)
{
    atomic_store(&session->interrupt, true);
    pthread_mutex_lock(&session->lock);
    session->ending = true;
    pthread_cond_broadcast(&session->wake);
    pthread_mutex_unlock(&session->lock);
    if (session->works)
        pthread_join(session->thread, NULL);
    pthread_cond_destroy(&session->wake);
    pthread_cond_destroy(&session->done);
    pthread_mutex_destroy(&session->lock);
}

void worker_post(Session *session, JobRun *run, void *argument)
{
    pthread_mutex_lock(&session->lock);
    session->job = run;
    session->argument = argument;
    pthread_cond_broadcast(&session->wake);
    pthread_mutex_unlock(&session->lock);
}

bool worker_answered(Session *session, double seconds, Status *answer)
{
    struct timespec until = clock_after(seconds);
    int late = 0;
    bool answered;

    pthread_mutex_lock(&session->lock);
    while (session->job != NULL && late == 0)
        late = pthread_cond_timedwait(&session->done, &session->lock, &until);
    answered = session->job == NULL;
    if (answered)
        *answer = session->answer;
    pthread_mutex_unlock(&session->lock);
    return answered;
}

Status worker_ask(Session *session, JobRun *run, void *argument)
{
    Status answer;

    worker_post(session, run, argument);
    while (!worker_answered(session, long_wait, &answer))
        ;
    return answer;
}
