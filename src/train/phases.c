#include "train/phases.h"

#include "base/memory.h"
#include "train/phase_rows.h"
#include "train/worker.h"

#include <stdlib.h>

void phase_report_release(PhaseReport *report)
{
    free(report->rows);
    *report = (PhaseReport){.count = 0};
}

static bool has_instructions(const Runs *runs, int phase)
{
    for (int i = 0; i < runs->count; i++)
        if (program_has_phase(&runs->all[i]->program, (Phase)phase))
            return true;
    return false;
}

/* The first from here on that has something to do, in any run; PHASE_COUNT: none. */
static int next_phase(const Runs *runs, int phase)
{
    while (phase < PHASE_COUNT && !has_instructions(runs, phase))
        phase++;
    return phase;
}

static int phases_run(const Session *session)
{
    return session->runs.count == 0 ? 0 : runs_used(session)->phases_run;
}

bool phases_under_way(const Session *session)
{
    return phases_run(session) > 0;
}

void phases_drop(Session *session)
{
    for (int i = 0; i < session->runs.count; i++)
        experiment_drop_step(session->runs.all[i]);
}

/* Before anything lasting changes the first run alone may be interrupted: all stand at the same phase. */
static Status run_everywhere(Session *session, Phase phase)
{
    const Runs *runs = &session->runs;
    Status status = ok();

    for (int i = 0; i < runs->count && !failed(status); i++) {
        status = experiment_run_phase(runs->all[i], phase);
        atomic_store(&session->together, true);
    }
    atomic_store(&session->together, false);
    if (failed(status))
        phases_drop(session);
    if (status.code == STATUS_INTERRUPTED)
        return fail(STATUS_INTERRUPTED,
                    "interrupted within the phase %s: the step is dropped and left no trace",
                    phase_names[phase]);
    return status;
}

static Status run_phase(Session *session, int phase, bool *last)
{
    *last = false;
    TRY(run_everywhere(session, (Phase)phase));
    if (next_phase(&session->runs, phase + 1) < PHASE_COUNT)
        return ok();
    return worker_end_step(session, true, true, last);
}

Status phases_finish(Session *session, bool *last)
{
    *last = false;
    while (phases_under_way(session))
        TRY(run_phase(session, next_phase(&session->runs, phases_run(session)), last));
    return ok();
}

Status phases_prepare(Session *session)
{
    if (phases_under_way(session))
        return ok();
    TRY(timeline_start(session));
    return breaks_arm(session);
}

/* A clip before unscale was not passed over, but is within that phase. */
static void tell_passed(const Program *program, int from, int to, char passed[FACT_TEXT])
{
    Text text = {0};

    for (int phase = from; phase < to; phase++)
        if (phase != PHASE_CLIP || program_clip(program) == NULL)
            text_printf(&text, "%s%s", text.length == 0 ? "" : ", ", phase_names[phase]);
    text_copy(passed, FACT_TEXT, text_chars(&text));
    text_release(&text);
}

static bool skips(const PhaseReport *report)
{
    return report->checks && !report->takes_all && report->found[0] != '\0';
}

typedef struct PhaseAsked {
    PhaseReport *report;
    bool begun; /* a step was under way when it was asked for */
} PhaseAsked;

static Status phase_job(Session *session, void *argument)
{
    PhaseAsked *asked = argument;
    PhaseReport *report = asked->report;
    int from = phases_run(session), phase = next_phase(&session->runs, from), next;
    Before before;
    Status status;
    bool stop;

    if (asked->begun && from == 0)
        return fail(STATUS_USAGE, "the step went with the device; step --phases begins it again");
    TRY(phases_prepare(session));
    status = phase_before(runs_used(session), (Phase)phase, &before);
    report->step = runs_used(session)->facts.step + 1;
    if (!failed(status))
        status = run_phase(session, phase, &stop);
    if (!failed(status))
        status = phase_rows(runs_used(session), (Phase)phase, &before, report);
    phase_before_release(&before);
    next = next_phase(&session->runs, phase + 1);
    report->phase = (Phase)phase;
    report->name = phase_names[phase];
    report->next = next < PHASE_COUNT ? phase_names[next] : NULL;
    report->skipped = report->skipped || skips(report);
    tell_passed(&runs_used(session)->program, from, phase, report->passed);
    worker_publish(session);
    return status;
}

Status session_phase(Session *session, PhaseReport *report)
{
    PhaseAsked asked = {.report = report, .begun = session_in_step(session)};

    *report = (PhaseReport){.count = 0};
    if (session_training(session))
        return fail(STATUS_USAGE, "a training is under way; say pause first");
    TRY(session_problem(session));
    atomic_store(&session->interrupt, false);
    return worker_ask(session, phase_job, &asked);
}

static Status drop_job(Session *session, void *argument)
{
    (void)argument;
    if (!phases_under_way(session))
        return fail(STATUS_USAGE, "no step is under way; step --phases begins one");
    if (phases_run(session) > PHASE_STEP)
        return fail(STATUS_USAGE, "the weights have moved already; phase end finishes the step");
    phases_drop(session);
    worker_publish(session);
    return ok();
}

Status session_phase_drop(Session *session)
{
    return worker_ask(session, drop_job, NULL);
}

static Status leave_job(Session *session, void *argument)
{
    Status status = ok();
    bool stop;

    (void)argument;
    if (phases_run(session) > PHASE_STEP)
        status = phases_finish(session, &stop);
    else
        phases_drop(session);
    worker_publish(session);
    return status;
}

Status session_leave_step(Session *session)
{
    return worker_ask(session, leave_job, NULL);
}

bool session_in_step(const Session *session)
{
    Session *own = (Session *)session; /* only the lock is touched */
    bool within;

    pthread_mutex_lock(&own->lock);
    within = own->published[own->names.used].next_phase[0] != '\0';
    pthread_mutex_unlock(&own->lock);
    return within;
}

Status worker_between_steps(const Session *session)
{
    if (session_in_step(session))
        return fail(STATUS_USAGE,
                    "a step is under way; phase end finishes it, phase drop forgets it");
    return ok();
}

Status worker_change(Session *session, JobRun *run, void *argument)
{
    TRY(worker_between_steps(session));
    return worker_ask(session, run, argument);
}
