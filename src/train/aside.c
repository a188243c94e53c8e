/* Runs that are put aside and taken back: the rest of session.h. */
#include "train/worker.h"

typedef struct Asked {
    AsidePlace place;
    bool there; /* answered */
} Asked;

void aside_release(Aside *aside)
{
    kept_release(&aside->runs);
    journal_release(&aside->journal);
}

/* A lesson without its room would have to end: so the bound is that of all runs together. */
static Status check_room(const Session *session)
{
    int64_t most = experiment_most(session->here.class);
    int64_t all = 2 * runs_size(session) + beside_size(session);

    if (all > most)
        return fail(
            STATUS_MEMORY,
            "to keep these runs beside the present ones takes %lld MiB together; %lld MiB is "
            "the most that is taken, so drop a run first",
            (long long)(all >> 18), (long long)(most >> 18));
    return ok();
}

static Status put_job(Session *session, void *argument)
{
    Aside *aside = &session->aside[((const Asked *)argument)->place];
    KeptRuns kept;

    TRY(session->problem);
    TRY(check_room(session));
    TRY(runs_take(session, &kept));
    aside_release(aside);
    aside->runs = kept;
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    journal_copy(&aside->journal, &session->journal);
    return ok();
}

Status session_put_aside(Session *session, AsidePlace place)
{
    Asked asked = {.place = place};

    return worker_change(session, put_job, &asked);
}

static Status take_job(Session *session, void *argument)
{
    Aside *aside = &session->aside[((const Asked *)argument)->place];
    Status status;
    Runs next;

    if (aside->runs.count == 0)
        return fail(STATUS_USAGE, "no runs were put aside");
    TRY(runs_bring_back(session, &aside->runs, &next));
    status = runs_replace(session, &next);
    if (failed(status)) {
        runs_free(&next);
        return status;
    }
    kept_release(&session->previous); /* the script does not know of it */
    journal_copy(&session->journal, &aside->journal);
    aside_release(aside);
    runs_drop_unused(session);
    session_copy_out(session);
    return ok();
}

Status session_take_back(Session *session, AsidePlace place)
{
    Asked asked = {.place = place};

    return worker_change(session, take_job, &asked);
}

static Status let_go_job(Session *session, void *argument)
{
    aside_release(&session->aside[((const Asked *)argument)->place]);
    runs_drop_unused(session);
    return ok();
}

void session_let_go(Session *session, AsidePlace place)
{
    Asked asked = {.place = place};

    if (failed(worker_ask(session, let_go_job, &asked)))
        return; /* let_go_job never fails */
}

static Status there_job(Session *session, void *argument)
{
    Asked *asked = argument;

    asked->there = session->aside[asked->place].runs.count > 0;
    return ok();
}

bool session_has_aside(Session *session, AsidePlace place)
{
    Asked asked = {.place = place};

    return !failed(worker_ask(session, there_job, &asked)) && asked.there;
}

static Status forget_job(Session *session, void *argument)
{
    (void)argument;
    kept_release(&session->previous);
    runs_drop_unused(session);
    return ok();
}

void session_forget_replaced(Session *session)
{
    if (failed(worker_ask(session, forget_job, NULL)))
        return; /* forget_job never fails */
}
