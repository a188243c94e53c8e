/* A session's trace: armed, written and ended between steps. */
#include "train/export.h"

#include "train/worker.h"

static TraceFacts facts_of(const Trace *trace)
{
    TraceFacts facts = {.armed = trace != NULL};

    if (trace == NULL)
        return facts;
    text_copy(facts.path, sizeof facts.path, trace_path(trace));
    facts.steps = trace_steps(trace);
    return facts;
}

static Status begin_job(Session *session, void *argument)
{
    if (session->trace != NULL)
        return fail(STATUS_USAGE, "%.100s is being written already; say export trace off first",
                    trace_path(session->trace));
    return trace_begin(argument, &session->trace);
}

Status session_trace(Session *session, const char *path)
{
    return worker_ask(session, begin_job, (void *)path);
}

static Status end_job(Session *session, void *argument)
{
    TraceFacts *facts = argument;
    Trace *trace = session->trace;

    if (trace == NULL)
        return fail(STATUS_USAGE, "there is no trace; try export trace run.csv");
    *facts = facts_of(trace);
    session->trace = NULL;
    return trace_end(trace, &facts->steps);
}

Status session_trace_end(Session *session, TraceFacts *facts)
{
    return worker_ask(session, end_job, facts);
}

static Status look_job(Session *session, void *argument)
{
    *(TraceFacts *)argument = facts_of(session->trace);
    return ok();
}

TraceFacts session_trace_facts(Session *session)
{
    TraceFacts facts = {0};

    if (failed(worker_ask(session, look_job, &facts)))
        return (TraceFacts){0}; /* a device is lost; a trace goes with it */
    return facts;
}

Status session_trace_problem(Session *session)
{
    Status problem;

    pthread_mutex_lock(&session->lock);
    problem = session->trace_problem;
    session->trace_problem = ok();
    pthread_mutex_unlock(&session->lock);
    return problem;
}

static Status ended_early(const TraceFacts *facts, Status why)
{
    return fail(STATUS_IO, "the trace ended at %lld steps, and training goes on: %.130s",
                (long long)facts->steps, why.text);
}

/* Training goes on: what was asked for first is not lost with what was asked for beside it. */
static void give_up(Session *session, Status why)
{
    TraceFacts facts = {0};
    Snapshot *now = &runs_used(session)->facts;
    Status ended = end_job(session, &facts);

    why = ended_early(&facts, failed(ended) ? ended : why);
    events_add(&now->events, EVENT_WARNING, now->step, "%s", why.text);
    pthread_mutex_lock(&session->lock);
    session->trace_problem = why;
    pthread_mutex_unlock(&session->lock);
}

void worker_trace(Session *session)
{
    const Runs *runs = &session->runs;
    Status status = ok();

    if (session->trace == NULL)
        return;
    for (int i = 0; i < runs->count; i++)
        experiment_refresh(runs->all[i]);
    if (failed(runs_trouble(session))) /* the device is lost: the step is taken again */
        return;
    for (int i = 0; i < runs->count && !failed(status); i++)
        status = trace_step(session->trace, i, runs->all[i]);
    if (failed(status))
        give_up(session, status);
}
