/* A device may be lost at any time, with all it held. The run survives in host memory, as it was when
 * that was last copied, and goes on from there on the CPU. */
#include "train/worker.h"

#include <math.h>
#include <string.h>

static const double least_apart = 5.0; /* seconds */
static const double most_share = 0.01; /* of the time goes into copying */

void rescue_keep(Session *session, Checkpoint *checkpoint)
{
    bool cpu = backend_is_cpu(session->here.class);

    checkpoint_free(session->rescue.checkpoint);
    session->rescue.checkpoint = cpu ? NULL : checkpoint;
    session->rescue.taken = clock_seconds();
    if (cpu)
        checkpoint_free(checkpoint);
}

Status rescue_renew(Session *session)
{
    double begun = clock_seconds();
    Checkpoint *taken;

    if (backend_is_cpu(session->here.class))
        return ok();
    TRY(checkpoint_take(session->current, &taken));
    session->rescue.seconds = clock_seconds() - begun;
    rescue_keep(session, taken);
    return ok();
}

bool rescue_due(const Session *session, double now)
{
    const Rescue *rescue = &session->rescue;

    return rescue->checkpoint != NULL &&
           now - rescue->taken >= fmax(least_apart, rescue->seconds / most_share);
}

bool rescue_wanted(const Session *session, Status trouble)
{
    return trouble.code == STATUS_DEVICE && session->rescue.checkpoint != NULL;
}

/* What was typed since still holds. */
static void set_again(Session *session, const Settings *wanted)
{
    Experiment *now = session->current;

    if (!failed(now->problem) && failed(experiment_change(now, wanted)))
        events_add(&now->facts.events, EVENT_WARNING, now->facts.step,
                   "the newest settings do not fit the cpu; show settings lists those that hold");
}

/* The log goes on: what it tells did happen, also beyond the step that is gone back to. */
static void tell(Session *session, const EventLog *events, int64_t lost_at, Status trouble)
{
    Snapshot *facts = &session->current->facts;
    Status problem = session->current->problem;

    facts->events = *events;
    events_add(&facts->events, EVENT_WARNING, facts->step,
               "device lost at step %lld; from step %lld on the cpu", (long long)lost_at,
               (long long)facts->step);
    pthread_mutex_lock(&session->lock);
    text_printf(&session->news, "%s%s; ", session->news.length == 0 ? "" : "\n", trouble.text);
    if (failed(problem))
        text_printf(&session->news, "the run of step %lld waits for another backend: %s",
                    (long long)facts->step, problem.text);
    else
        text_printf(&session->news, "the run goes on from step %lld on the cpu",
                    (long long)facts->step);
    pthread_mutex_unlock(&session->lock);
}

Status rescue_run(Session *session, Status trouble)
{
    Settings wanted = session->current->settings;
    EventLog events = session->current->facts.events;
    int64_t lost_at = session->current->facts.step;
    Computer cpu;
    Move move = {.to = &cpu, .from = session->rescue.checkpoint, .wait = true};
    Status status = computer_open(session, (BackendName){.cpu = true}, &cpu);

    if (!failed(status)) {
        text_printf(&cpu.words, "; %s", trouble.text);
        status = computer_move(session, &move);
    }
    if (failed(status)) {
        computer_close(&cpu);
        return status;
    }
    session->rescue.checkpoint = NULL;
    if (failed(session->current->problem) && move.from->array_count > 0) {
        checkpoint_free(session->previous); /* undo brings this one back, once there is room */
        session->previous = move.from;
        session->previous_data = session->current->data;
    } else {
        checkpoint_free(move.from);
    }
    journal_lose(&session->journal,
                 "a device was lost, which no command does again, so there is no "
                 "script of this session");
    set_again(session, &wanted);
    tell(session, &events, lost_at, trouble);
    session->training.started = session->training.done =
        session->current->facts.step + 1 - session->training.first_step;
    return session->is_training ? session->current->problem : ok();
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
