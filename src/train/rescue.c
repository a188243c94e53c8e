/* A device may be lost at any time, with all it held. The run survives in host memory, as it was when
 * that was last copied, and goes on from there on the CPU. */
#include "train/worker.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static const double least_apart = 5.0; /* seconds */
static const double most_share = 0.01; /* of the time goes into copying */

void rescue_keep(Session *session, KeptRuns *kept)
{
    bool cpu = backend_is_cpu(session->here.class);

    kept_release(&session->rescue.kept);
    if (cpu)
        kept_release(kept);
    session->rescue.kept = *kept;
    session->rescue.taken = clock_seconds();
}

Status rescue_renew(Session *session)
{
    double begun = clock_seconds();
    KeptRuns taken;

    if (backend_is_cpu(session->here.class))
        return ok();
    TRY(runs_take(session, &taken));
    session->rescue.seconds = clock_seconds() - begun;
    rescue_keep(session, &taken);
    return ok();
}

bool rescue_due(const Session *session, double now)
{
    const Rescue *rescue = &session->rescue;

    return rescue->kept.count > 0 &&
           now - rescue->taken >= fmax(least_apart, rescue->seconds / most_share);
}

bool rescue_wanted(const Session *session, Status trouble)
{
    return trouble.code == STATUS_DEVICE && session->rescue.kept.count > 0;
}

/* What is to hold on in each run: the device takes its state, but neither settings nor log. */
typedef struct Lost {
    Settings settings[RUNS_MOST];
    EventLog events[RUNS_MOST];
    int64_t step;
} Lost;

static void remember(const Session *session, Lost *lost)
{
    const Runs *runs = &session->runs;

    lost->step = runs_used(session)->facts.step;
    for (int i = 0; i < runs->count; i++) {
        lost->settings[i] = runs->all[i]->settings;
        lost->events[i] = runs->all[i]->facts.events;
    }
}

/* What was typed since still holds. */
static void set_again(Experiment *now, const Settings *wanted)
{
    if (!failed(now->problem) && failed(experiment_change(now, wanted)))
        events_add(&now->facts.events, EVENT_WARNING, now->facts.step,
                   "the newest settings do not fit the cpu; show settings lists those that hold");
}

/* The log goes on: what it tells did happen, also beyond the step that is gone back to. */
static void go_on(Experiment *now, const Settings *settings, const EventLog *events,
                  int64_t lost_at)
{
    Snapshot *facts = &now->facts;

    set_again(now, settings);
    facts->events = *events;
    events_add(&facts->events, EVENT_WARNING, facts->step,
               "device lost at step %lld; from step %lld on the cpu", (long long)lost_at,
               (long long)facts->step);
}

static Status first_problem(const Session *session)
{
    Status problem = ok();

    for (int i = 0; i < session->runs.count && !failed(problem); i++)
        problem = session->runs.all[i]->problem;
    return problem;
}

static void tell(Session *session, Status trouble)
{
    const Snapshot *facts = &runs_used(session)->facts;
    const char *what = session->runs.count > 1 ? "the runs" : "the run";
    const char *s = session->runs.count > 1 ? "" : "s";
    Status problem = first_problem(session);

    pthread_mutex_lock(&session->lock);
    text_printf(&session->news, "%s%s; ", session->news.length == 0 ? "" : "\n", trouble.text);
    if (failed(problem))
        text_printf(&session->news, "%s of step %lld wait%s for another backend: %s", what,
                    (long long)facts->step, s, problem.text);
    else
        text_printf(&session->news, "%s go%s on from step %lld on the cpu", what,
                    session->runs.count > 1 ? "" : "es", (long long)facts->step);
    pthread_mutex_unlock(&session->lock);
}

/* Undo brings back what cannot be held now, once there is room. */
static void keep_or_let_go(Session *session, KeptRuns *from)
{
    if (failed(first_problem(session)) && from->all[from->used]->array_count > 0) {
        kept_release(&session->previous);
        session->previous = *from;
        session->previous.data = runs_used(session)->data;
    } else {
        kept_release(from);
    }
}

Status rescue_run(Session *session, Status trouble)
{
    KeptRuns from = session->rescue.kept;
    Computer cpu;
    Move move = {.to = &cpu, .from = &from, .wait = true};
    Lost *lost = xcalloc(1, sizeof *lost);
    Status status = computer_open(session, (BackendName){.cpu = true}, &cpu);

    remember(session, lost);
    if (!failed(status)) {
        text_printf(&cpu.words, "; %s", trouble.text);
        status = computer_move(session, &move);
    }
    if (failed(status)) {
        computer_close(&cpu);
        free(lost);
        return status;
    }
    session->rescue.kept = (KeptRuns){.count = 0};
    keep_or_let_go(session, &from);
    journal_lose(&session->journal,
                 "a device was lost, which no command does again, so there is no "
                 "script of this session");
    for (int i = 0; i < session->runs.count; i++)
        go_on(session->runs.all[i], &lost->settings[i], &lost->events[i], lost->step);
    free(lost);
    tell(session, trouble);
    session->training.started = session->training.done =
        runs_used(session)->facts.step + 1 - session->training.first_step;
    return session->is_training ? first_problem(session) : ok();
}

static Status settle_job(Session *session, void *argument)
{
    (void)argument;
    session_copy_out(session);
    return ok();
}

bool session_news(Session *session, Text *text)
{
    bool any;

    pthread_mutex_lock(&session->lock);
    any = session->news.length > 0;
    text_append(text, text_chars(&session->news));
    text_clear(&session->news);
    pthread_mutex_unlock(&session->lock);
    return any && !failed(worker_ask(session, settle_job, NULL));
}
