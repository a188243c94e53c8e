#include "train/breakpoint.h"

#include "base/memory.h"
#include "train/travel.h"
#include "train/worker.h"

#include <stdlib.h>
#include <string.h>

static void release(Breakpoint *one)
{
    expr_free(one->expr);
    free(one->text);
    *one = (Breakpoint){.expr = NULL};
}

void breaks_release(Breakpoints *breaks)
{
    for (int i = 0; i < breaks->count; i++)
        release(&breaks->all[i]);
    breaks->count = 0;
}

/* NULL: the run is not there. */
static Experiment *watched(const Session *session, const Breakpoint *one)
{
    const Runs *runs = &session->runs;

    for (int i = 0; i < runs->count; i++)
        if (strcmp(runs->all[i]->facts.run_name, one->run) == 0)
            return runs->all[i];
    return NULL;
}

Status breaks_count(const Breakpoints *breaks, const char *name, Experiment *run)
{
    Text names = {0};
    Status status;

    for (int i = 0; i < breaks->count; i++)
        if (strcmp(breaks->all[i].run, name) == 0)
            text_append(&names, expr_tensors(breaks->all[i].expr));
    status = experiment_count_also(run, text_chars(&names));
    text_release(&names);
    return status;
}

static Status count_all(const Session *session)
{
    const Runs *runs = &session->runs;

    for (int i = 0; i < runs->count; i++)
        TRY(breaks_count(&session->breaks, runs->all[i]->facts.run_name, runs->all[i]));
    return ok();
}

static bool knows_last_step(const Experiment *run)
{
    return run->computed || run->kept_counts != NULL;
}

/* Another program knows nothing of the last step: where something is known it waits for the next
 * training, unless one is under way. */
static Status count_from_now_on(const Session *session)
{
    const Runs *runs = &session->runs;

    for (int i = 0; i < runs->count; i++)
        if (session->is_training || !knows_last_step(runs->all[i]))
            TRY(breaks_count(&session->breaks, runs->all[i]->facts.run_name, runs->all[i]));
    return ok();
}

static Status ask(const Session *session, int number, bool *holds)
{
    Breakpoint *one = (Breakpoint *)&session->breaks.all[number - 1]; /* its Lua state works */
    Experiment *run = watched(session, one);
    Status status;

    *holds = false;
    if (run == NULL)
        return ok();
    if (expr_needs(one->expr).moved)
        experiment_moved(run);
    status = expr_test(one->expr, &run->facts, holds);
    if (failed(status))
        return fail(status.code, "break %d: %.110s; say break clear %d", number, status.text,
                    number);
    return ok();
}

void breaks_follow(Session *session)
{
    if (failed(count_from_now_on(session)))
        return; /* a device is lost, and the next step says so */
    for (int i = 0; i < session->breaks.count; i++) {
        bool holds;

        if (!failed(ask(session, i + 1, &holds)))
            session->breaks.all[i].holds = holds;
    }
}

Status breaks_arm(Session *session)
{
    TRY(count_all(session));
    for (int i = 0; i < session->breaks.count; i++)
        TRY(ask(session, i + 1, &session->breaks.all[i].holds));
    return ok();
}

static Status measure(Session *session, Experiment *run, const Breakpoint *one)
{
    if (expr_needs(one->expr).accuracy && run->facts.step % experiment_epoch_steps(run) == 0) {
        TRY(experiment_accuracy(run));
        timeline_measured(session);
    }
    experiment_refresh(run);
    return run->trouble;
}

static void tell(Session *session, int number)
{
    const Breakpoint *one = &session->breaks.all[number - 1];
    Snapshot *facts = &watched(session, one)->facts;
    bool several = session->runs.count > 1;

    events_add(&facts->events, EVENT_RUN, facts->step, "break %d: %s", number, one->text);
    pthread_mutex_lock(&session->lock);
    text_printf(&session->news, "%sstopped after step %lld by break %d: %s%s%s",
                session->news.length == 0 ? "" : "\n", (long long)facts->step, number,
                several ? one->run : "", several ? ": " : "", one->text);
    pthread_mutex_unlock(&session->lock);
}

static Status test_one(Session *session, int number, bool *turned)
{
    Breakpoint *one = &session->breaks.all[number - 1];
    Experiment *run = watched(session, one);
    bool before = one->holds;

    *turned = false;
    if (run == NULL)
        return ok();
    TRY(measure(session, run, one));
    TRY(ask(session, number, &one->holds));
    *turned = one->holds && !before;
    if (*turned)
        tell(session, number);
    return ok();
}

Status breaks_test(Session *session, bool *stop)
{
    bool turned, any = false;

    for (int i = 0; i < session->breaks.count; i++) {
        TRY(test_one(session, i + 1, &turned));
        any = any || turned;
    }
    if (!any)
        return ok();
    journal_stop(&session->journal, runs_used(session), session->runs.count > 1);
    timeline_turn(session);
    *stop = true;
    return ok();
}

typedef struct Asked {
    const char *text;
    Expr *expr; /* taken */
    int number;
} Asked;

static Status when_job(Session *session, void *argument)
{
    Asked *asked = argument;
    Breakpoints *breaks = &session->breaks;
    Breakpoint *one = &breaks->all[breaks->count];
    Status status;

    *one = (Breakpoint){.text = xstrdup(asked->text), .expr = asked->expr};
    text_copy(one->run, sizeof one->run, runs_used(session)->facts.run_name);
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    asked->number = ++breaks->count;
    status = count_from_now_on(session);
    if (!failed(status))
        status = ask(session, asked->number, &one->holds);
    if (failed(status)) {
        breaks->count--;
        free(one->text);
        return status;
    }
    /* `#` belongs to the condition, and its end must stand before what the journal adds. */
    journal_add(&session->journal, runs_used(session), "break when %s;", asked->text);
    worker_publish(session);
    return ok();
}

Status session_break(Session *session, const char *when, int *number, bool *holds)
{
    Asked asked = {.text = when};
    Snapshot known = {0};
    Status status;

    if (session->breaks.count == BREAKS_MOST)
        return fail(STATUS_USAGE, "%d conditions are watched already; say break clear N first",
                    BREAKS_MOST);
    session_snapshot(session, &known);
    status = expr_read(when, &known, &asked.expr);
    if (!failed(status))
        status = expr_test(asked.expr, &known, holds);
    snapshot_release(&known);
    if (!failed(status))
        status = worker_change(session, when_job, &asked);
    if (failed(status))
        expr_free(asked.expr);
    *number = asked.number;
    return status;
}

static Status clear_job(Session *session, void *argument)
{
    Breakpoints *breaks = &session->breaks;
    int number = *(const int *)argument;

    if (number > breaks->count)
        return fail(STATUS_USAGE, "there is no break %d; break list shows those there are", number);
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    if (number == 0) {
        breaks_release(breaks);
        journal_add(&session->journal, runs_used(session), "break clear");
    } else {
        release(&breaks->all[number - 1]);
        breaks->count--;
        for (int i = number - 1; i < breaks->count; i++)
            breaks->all[i] = breaks->all[i + 1];
        journal_add(&session->journal, runs_used(session), "break clear %d", number);
    }
    TRY(count_from_now_on(session));
    worker_publish(session);
    return ok();
}

Status session_break_clear(Session *session, int number)
{
    return worker_change(session, clear_job, &number);
}

static Status list_job(Session *session, void *argument)
{
    for (int i = 0; i < session->breaks.count; i++)
        text_printf(argument, "%d\t%s\t%s\n", i + 1, session->breaks.all[i].run,
                    session->breaks.all[i].text);
    return ok();
}

void session_break_list(Session *session, Text *text)
{
    if (failed(worker_ask(session, list_job, text)))
        return; /* list_job never fails */
}
