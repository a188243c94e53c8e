#include "train/worker.h"

#include "base/memory.h"

#include <stdlib.h>

static bool interrupted(void *context)
{
    Session *session = context;

    return atomic_load(&session->interrupt);
}

static void drop_unused(Session *session)
{
    loaded_keep(&session->loaded, session->current == NULL ? NULL : session->current->data,
                session->previous == NULL ? NULL : session->previous->data);
}

/* A run that was only pending is not worth bringing back. */
static void replace(Session *session, Experiment *experiment)
{
    if (session->current != NULL && failed(session->current->problem)) {
        experiment_free(session->current);
    } else if (session->current != NULL) {
        experiment_free(session->previous);
        session->previous = session->current;
    }
    session->current = experiment;
    drop_unused(session);
}

static int64_t numbers_in(const Experiment *experiment)
{
    return experiment == NULL ? 0 : experiment->numbers;
}

/* The present run stays beside the new one, for undo; the one behind it goes first where all three
 * would be too much, as it would go anyway. */
static Status make_room(Session *session, int64_t numbers)
{
    int64_t both = numbers + numbers_in(session->current);

    if (both > MOST_NUMBERS && numbers <= MOST_NUMBERS)
        return fail(STATUS_MEMORY,
                    "this network and the present one, which undo keeps, need %lld MiB together; "
                    "4096 MiB is the most, so make it smaller or say net 784 10 first",
                    (long long)(both >> 18));
    if (both + numbers_in(session->previous) > MOST_NUMBERS) {
        experiment_free(session->previous);
        session->previous = NULL;
    }
    return ok();
}

static Status new_run(Session *session, const Settings *wanted)
{
    Experiment *experiment;
    LoadedData *data;
    Status status;

    if (session->current != NULL && loaded_is_stale(session->current->data))
        journal_lose(&session->journal,
                     "%.100s has changed since it was read, so there is no "
                     "script of this session",
                     session->current->data->spec.path);
    TRY(loaded_get(&session->loaded, &wanted->data, &data));
    status = make_room(session, experiment_size(wanted, data->set));
    if (failed(status)) {
        drop_unused(session);
        return status;
    }
    status = experiment_new(session->class, session->backend, data, wanted, &experiment);
    if (!failed(status)) {
        worker_stop(session, ok());
        replace(session, experiment);
    }
    drop_unused(session);
    return status;
}

/* The device holds one order of a data set, so a run that comes back must load its own again. */
static void forget_orders(Experiment *experiment)
{
    experiment->loaded_epochs[0] = experiment->loaded_epochs[1] = -1;
}

typedef struct Change {
    Settings wanted;
    int64_t step;
} Change;

static void log_difference(Session *session, const Settings *before)
{
    Snapshot *facts = &session->current->facts;
    Text words = {0};

    settings_difference(before, &session->current->settings, &words);
    if (words.length > 0)
        events_add(&facts->events, EVENT_SETTING, facts->step, "%s", text_chars(&words));
    text_release(&words);
}

/* After every job that may have changed something: the copies that the main thread reads. The main
 * thread waits for this job, so nobody reads them now. */
static void copy_out(Session *session)
{
    session->settings = session->current->settings;
    session->problem = session->current->problem;
    worker_publish(session);
}

/* The same run goes on under `wanted`: nothing differs that fresh weights would be needed for. */
static bool goes_on(const Session *session, const Settings *wanted)
{
    const Experiment *now = session->current;

    return now != NULL && !failed(now->problem) && settings_same_run(&now->settings, wanted) &&
           !loaded_is_stale(now->data);
}

static Status apply_job(Session *session, void *argument)
{
    Change *change = argument;
    Settings before = session->settings;

    change->wanted.data.seed = change->wanted.seed;
    journal_reach(&session->journal, session->current);
    if (goes_on(session, &change->wanted)) {
        TRY(experiment_change(session->current, &change->wanted));
        log_difference(session, &before);
    } else {
        TRY(new_run(session, &change->wanted));
    }
    change->step = session->current->facts.step;
    journal_settings(&session->journal, &before, session->current);
    copy_out(session);
    return ok();
}

Status session_apply(Session *session, const Settings *wanted, int64_t *step)
{
    Change change = {.wanted = *wanted};

    TRY(settings_check(wanted));
    TRY(worker_ask(session, apply_job, &change));
    *step = change.step;
    return ok();
}

/* The shipped data set is not there: everything else still works. */
static Status begin_with_spirals(Session *session, Settings *settings)
{
    int64_t step;

    TRY(data_spec_parse("spirals", &settings->data));
    TRY(net_parse("2 64 2", "tanh", &settings->net));
    text_append(&session->backend_words, "; datasets/ is missing, so data is spirals");
    return session_apply(session, settings, &step);
}

Status session_new(const SessionOptions *options, Session **session)
{
    Session *made = xcalloc(1, sizeof *made);
    BackendOptions backend = {
        .threads = options->threads, .interrupted = interrupted, .context = made};
    const char *name = options->backend == NULL ? "auto" : options->backend;
    Settings settings = settings_default();
    int64_t step;
    Status status = registry_open(options->registry, name, &backend, &made->class, &made->backend,
                                  &made->backend_words);

    if (failed(status)) {
        free(made);
        return status;
    }
    made->loaded = (LoadedSets){.class = made->class, .backend = made->backend};
    status = worker_start(made);
    if (!failed(status))
        status = session_apply(made, &settings, &step);
    if (status.code == STATUS_IO)
        status = begin_with_spirals(made, &settings);
    if (failed(status)) {
        session_free(made);
        return status;
    }
    *session = made;
    return ok();
}

void session_free(Session *session)
{
    int64_t traced;

    if (session == NULL)
        return;
    worker_end(session);
    if (session->trace != NULL && failed(trace_end(session->trace, &traced)))
        session->trace = NULL; /* whoever wants to hear of it ends it first */
    journal_release(&session->journal);
    expr_free(session->training.until);
    experiment_free(session->current);
    experiment_free(session->previous);
    session->current = session->previous = NULL;
    drop_unused(session);
    snapshot_release(&session->published);
    session->class->close(session->backend);
    text_release(&session->backend_words);
    free(session);
}

const char *session_backend(const Session *session)
{
    return text_chars(&session->backend_words);
}

const Settings *session_settings(const Session *session)
{
    return &session->settings;
}

Status session_problem(const Session *session)
{
    return session->problem;
}

typedef struct ScaleChange {
    float scale;
    int64_t step;
} ScaleChange;

static Status scale_job(Session *session, void *argument)
{
    ScaleChange *change = argument;
    Settings before = session->current->settings;
    Snapshot *facts = &session->current->facts;
    char old[NUMBER_TEXT], new[NUMBER_TEXT];

    journal_reach(&session->journal, session->current);
    float_friendly(facts->scaler.scale, old);
    experiment_set_scale(session->current, change->scale);
    change->step = facts->step;
    if (before.scaler.mode == session->current->settings.scaler.mode)
        events_add(&facts->events, EVENT_SETTING, facts->step, "loss scale %s -> %s", old,
                   float_friendly(change->scale, new));
    else
        log_difference(session, &before);
    journal_add(&session->journal, session->current, "scale %s",
                float_friendly(change->scale, new));
    copy_out(session);
    return ok();
}

Status session_set_scale(Session *session, float scale, int64_t *step)
{
    ScaleChange change = {.scale = scale};
    ScalerSpec spec = session->settings.scaler;

    spec.mode = SCALE_STATIC;
    spec.start = scale;
    TRY(scaler_check(&spec));
    TRY(worker_ask(session, scale_job, &change));
    *step = change.step;
    return ok();
}

static Status restart_job(Session *session, void *argument)
{
    (void)argument;
    journal_reach(&session->journal, session->current);
    experiment_restart_scaler(session->current);
    journal_scaler(&session->journal, session->current);
    copy_out(session);
    return ok();
}

Status session_restart_scaler(Session *session)
{
    return worker_ask(session, restart_job, NULL);
}

static Status reset_job(Session *session, void *argument)
{
    Settings settings = session->current->settings;

    (void)argument;
    journal_reach(&session->journal, session->current);
    TRY(new_run(session, &settings));
    journal_add(&session->journal, session->current, "reset");
    copy_out(session);
    return ok();
}

Status session_reset(Session *session)
{
    return worker_ask(session, reset_job, NULL);
}

static Status undo_job(Session *session, void *argument)
{
    Experiment *back = session->previous;
    Text *what = argument;

    if (back == NULL)
        return fail(STATUS_USAGE, "there is nothing to undo: no run was replaced yet");
    worker_stop(session, ok());
    journal_reach(&session->journal, session->current);
    session->previous = session->current;
    session->current = back;
    journal_undo(&session->journal, back);
    forget_orders(back);
    text_printf(what, "step %lld of %s, net %s", (long long)back->facts.step, back->facts.data,
                back->facts.net);
    copy_out(session);
    return ok();
}

Status session_undo(Session *session, Text *what)
{
    return worker_ask(session, undo_job, what);
}

static Status note_job(Session *session, void *argument)
{
    Snapshot *facts = &session->current->facts;

    events_add(&facts->events, EVENT_SETTING, facts->step, "%s", (const char *)argument);
    worker_publish(session);
    return ok();
}

void session_note(Session *session, const char *text)
{
    char copy[EVENT_TEXT];

    text_copy(copy, sizeof copy, text);
    if (failed(worker_ask(session, note_job, copy)))
        return; /* note_job never fails */
}

static Status print_job(Session *session, void *argument)
{
    program_print(&session->current->program, argument);
    return ok();
}

void session_print_program(Session *session, Text *text)
{
    if (failed(session->problem))
        text_printf(text, "there is no program yet: %s\n", session->problem.text);
    else if (failed(worker_ask(session, print_job, text)))
        return; /* print_job never fails */
}
