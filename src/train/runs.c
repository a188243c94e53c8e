/* Which runs are the present ones, and which undo brings back: the rest of session.h but for files. */
#include "train/worker.h"

#include <string.h>

void kept_release(KeptRuns *kept)
{
    for (int i = 0; i < kept->count; i++)
        checkpoint_free(kept->all[i]);
    *kept = (KeptRuns){.count = 0};
}

void runs_free(Runs *runs)
{
    for (int i = 0; i < runs->count; i++)
        experiment_free(runs->all[i]);
    *runs = (Runs){.count = 0};
}

Status runs_take(const Session *session, KeptRuns *kept)
{
    const Runs *runs = &session->runs;
    Status status = ok();

    *kept = (KeptRuns){.used = runs->used, .differences = runs->differences};
    kept->data = runs_used(session)->data;
    while (kept->count < runs->count && !failed(status)) {
        status = checkpoint_take(runs->all[kept->count], &kept->all[kept->count]);
        kept->count += !failed(status);
    }
    if (failed(status))
        kept_release(kept);
    return status;
}

void runs_drop_unused(Session *session)
{
    const LoadedData *used[2 + ASIDE_PLACES];

    used[0] = session->runs.count == 0 ? NULL : runs_used(session)->data;
    used[1] = session->previous.count == 0 ? NULL : session->previous.data;
    for (int i = 0; i < ASIDE_PLACES; i++)
        used[2 + i] = session->aside[i].runs.count == 0 ? NULL : session->aside[i].runs.data;
    loaded_keep(&session->loaded, used, 2 + ASIDE_PLACES);
}

/* The present runs stay, for undo, and so both must fit; those behind them go first where all would be
 * too much, as they would go anyway. */
static Status make_room(Session *session, int64_t numbers)
{
    int64_t most = experiment_most(session->here.class), both = numbers + runs_size(session);

    if (both > most && numbers <= most)
        return fail(STATUS_MEMORY,
                    "this network and the present one, which undo keeps, need %lld MiB together; "
                    "%lld MiB is the most, so make it smaller or say net 784 10 first",
                    (long long)(both >> 18), (long long)(most >> 18));
    if (numbers > most)
        return fail(STATUS_MEMORY,
                    "these networks at this batch need %lld MiB; %lld MiB is the most that is "
                    "taken, so make one of them smaller",
                    (long long)(numbers >> 18), (long long)(most >> 18));
    if (both + beside_size(session) > most)
        kept_release(&session->previous);
    return ok();
}

/* The state of the present runs, for undo; none where one was only pending, which is not worth bringing
 * back. */
static Status keep_present(const Session *session, KeptRuns *kept)
{
    *kept = (KeptRuns){.count = 0};
    for (int i = 0; i < session->runs.count; i++)
        if (failed(session->runs.all[i]->problem))
            return ok();
    return session->runs.count == 0 ? ok() : runs_take(session, kept);
}

Status runs_replace(Session *session, const Runs *next)
{
    Runs before = session->runs;
    KeptRuns kept;
    Status status;

    TRY(keep_present(session, &kept));
    session->runs = *next;
    status = rescue_renew(session);
    session->runs = before;
    if (failed(status)) {
        kept_release(&kept);
        return status;
    }
    worker_stop(session, ok());
    if (kept.count > 0) {
        kept_release(&session->previous);
        session->previous = kept;
    }
    runs_free(&session->runs);
    session->runs = *next;
    timeline_begin(&session->timeline, "where it was loaded or brought back");
    return ok();
}

Status runs_put_up(const Session *session, LoadedData *data, const Settings *settings,
                   const Checkpoint *from, Experiment **experiment)
{
    Status status;

    TRY(experiment_new(session->here.class, session->here.backend, data, settings, experiment));
    status = ok();
    if (from != NULL) /* before it is restored: a program made later would not know its counts */
        status = breaks_count(&session->breaks, from->facts.run_name, *experiment);
    if (from != NULL && !failed(status))
        status = checkpoint_restore(from, *experiment);
    if (failed(status))
        experiment_free(*experiment);
    return status;
}

/* On failure none is left. */
static Status put_up_all(Session *session, LoadedData *data, const NewRun *wanted, int count,
                         Runs *next)
{
    Status status = ok();

    while (next->count < count && !failed(status)) {
        const NewRun *run = &wanted[next->count];
        Experiment **made = &next->all[next->count];

        status = runs_put_up(session, data, &run->settings, run->from, made);
        if (failed(status))
            break;
        text_copy((*made)->facts.run_name, RUN_NAME, run->name);
        (*made)->run = ++session->begun;
        next->compared = (*made)->facts.step;
        next->count++;
    }
    if (failed(status))
        runs_free(next);
    return status;
}

static int64_t size_of(const Session *session, const NewRun *wanted, int count,
                       const LoadedData *data)
{
    int64_t numbers = 0;

    for (int i = 0; i < count; i++)
        numbers += experiment_size(session->here.class, &wanted[i].settings, data->set);
    return numbers;
}

Status runs_begin(Session *session, const NewRun *wanted, int count, int used)
{
    const Experiment *now = runs_used(session);
    Runs next = {.used = used};
    LoadedData *data;
    Status status;

    if (now != NULL && loaded_is_stale(now->data))
        journal_lose(&session->journal,
                     "%.100s has changed since it was read, so there is no "
                     "script of this session",
                     now->data->spec.path);
    memset(next.differences.first, -1, sizeof next.differences.first);
    TRY(loaded_get(&session->loaded, &wanted->settings.data, &data));
    status = make_room(session, size_of(session, wanted, count, data));
    if (!failed(status))
        status = put_up_all(session, data, wanted, count, &next);
    if (!failed(status)) {
        status = runs_replace(session, &next);
        if (failed(status))
            runs_free(&next);
    }
    runs_drop_unused(session);
    return status;
}

/* NULL: from fresh weights. */
static Status take_start(const Experiment *run, const Settings *wanted, Checkpoint **start)
{
    if (!run->own_start || !settings_same_run(&run->settings, wanted))
        return ok();
    TRY(checkpoint_take(run, start));
    checkpoint_rewind(*start);
    return ok();
}

Status runs_begin_again(Session *session, const Settings *wanted, bool used_too)
{
    const Runs *runs = &session->runs;
    Checkpoint *starts[RUNS_MOST] = {NULL};
    NewRun next[RUNS_MOST];
    Status status = ok();

    for (int i = 0; i < runs->count && !failed(status); i++) {
        if (i != runs->used || used_too)
            status = take_start(runs->all[i], &wanted[i], &starts[i]);
        next[i] = (NewRun){.settings = wanted[i], .from = starts[i]};
        text_copy(next[i].name, RUN_NAME, runs->all[i]->facts.run_name);
    }
    if (!failed(status))
        status = runs_begin(session, next, runs->count, runs->used);
    for (int i = 0; i < RUNS_MOST; i++)
        checkpoint_free(starts[i]);
    return status;
}

static Status reset_job(Session *session, void *argument)
{
    Settings wanted[RUNS_MOST];

    (void)argument;
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    for (int i = 0; i < session->runs.count; i++)
        wanted[i] = session->runs.all[i]->settings;
    TRY(runs_begin_again(session, wanted, true));
    journal_add(&session->journal, runs_used(session), "reset");
    session_copy_out(session);
    return ok();
}

Status session_reset(Session *session)
{
    return worker_change(session, reset_job, NULL);
}

Status runs_bring_back(Session *session, const KeptRuns *back, Runs *next)
{
    Status status = ok();

    *next = (Runs){.used = back->used, .differences = back->differences};
    while (next->count < back->count && !failed(status)) {
        const Checkpoint *from = back->all[next->count];

        status = runs_put_up(session, back->data, &from->settings, from, &next->all[next->count]);
        next->count += !failed(status);
    }
    if (failed(status))
        runs_free(next);
    else
        next->compared = back->all[0]->facts.step;
    return status;
}

static void tell_undone(const Session *session, Text *what)
{
    const Runs *runs = &session->runs;
    const Snapshot *facts = &runs_used(session)->facts;

    text_printf(what, "step %lld of %s, net %s", (long long)facts->step, facts->data, facts->net);
    for (int i = 0; runs->count > 1 && i < runs->count; i++)
        text_printf(what, "%s%s", i == 0 ? "; runs " : ", ", runs->all[i]->facts.run_name);
}

/* The two change places. */
static Status undo_job(Session *session, void *argument)
{
    KeptRuns back = session->previous;
    Status status;
    Runs next;

    if (back.count == 0)
        return fail(STATUS_USAGE, "there is nothing to undo: no run was replaced yet");
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    TRY(runs_bring_back(session, &back, &next));
    session->previous = (KeptRuns){.count = 0};
    status = runs_replace(session, &next);
    if (failed(status)) {
        session->previous = back;
        runs_free(&next);
        return status;
    }
    kept_release(&back);
    journal_undo(&session->journal, runs_used(session));
    tell_undone(session, argument);
    session_copy_out(session);
    return ok();
}

Status session_undo(Session *session, Text *what)
{
    return worker_change(session, undo_job, what);
}
