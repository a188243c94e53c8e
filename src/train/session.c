#include "train/worker.h"

#include "base/memory.h"

#include <stdlib.h>

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

void session_copy_out(Session *session)
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
        TRY(runs_begin(session, &change->wanted, NULL));
    }
    change->step = session->current->facts.step;
    journal_settings(&session->journal, &before, session->current);
    session_copy_out(session);
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
    text_append(&session->here.words, "; datasets/ is missing, so data is spirals");
    return session_apply(session, settings, &step);
}

static Status begin(Session *session)
{
    Settings settings = settings_default();
    int64_t step;
    Status status = session_apply(session, &settings, &step);

    return status.code == STATUS_IO ? begin_with_spirals(session, &settings) : status;
}

static Status begin_on(Session *session, BackendName name)
{
    TRY(computer_open(session, name, &session->here));
    session->loaded = (LoadedSets){.class = session->here.class, .backend = session->here.backend};
    return begin(session);
}

/* What opens need not be able to hold the first run, or to compute its format. */
static Status begin_anywhere(Session *session, BackendName name)
{
    Status status = begin_on(session, name);

    if (!failed(status) || !name.cpu || !name.cuda || session->here.class == NULL ||
        backend_is_cpu(session->here.class))
        return status;
    computer_close(&session->here);
    name.cuda = false;
    TRY(begin_on(session, name));
    session->here.name.cuda = true; /* it was asked for too */
    text_printf(&session->here.words, "; %s", status.text);
    return ok();
}

Status session_new(const SessionOptions *options, Session **session)
{
    const char *wanted = options->backend == NULL ? "auto" : options->backend;
    Session *made = xcalloc(1, sizeof *made);
    BackendName name = {.cpu = true};
    Status status;

    made->registry = options->registry;
    made->threads = options->threads;
    status = worker_start(made);
    if (!failed(status))
        status = registry_name(wanted, &name);
    if (!failed(status))
        status = begin_anywhere(made, name);
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
    checkpoint_free(session->previous);
    checkpoint_free(session->rescue.checkpoint);
    session->current = NULL;
    session->previous_data = NULL;
    if (session->here.class != NULL)
        runs_drop_unused(session);
    snapshot_release(&session->published);
    computer_close(&session->here);
    text_release(&session->words_copy);
    text_release(&session->news);
    free(session);
}

const char *session_backend(Session *session)
{
    pthread_mutex_lock(&session->lock);
    text_clear(&session->words_copy);
    text_append(&session->words_copy, text_chars(&session->here.words));
    pthread_mutex_unlock(&session->lock);
    return text_chars(&session->words_copy);
}

bool session_chose(const Session *session)
{
    return session->here.name.cpu && session->here.name.cuda &&
           registry_has_plugin(session->registry);
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
    session_copy_out(session);
    return rescue_renew(session);
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
    session_copy_out(session);
    return rescue_renew(session);
}

Status session_restart_scaler(Session *session)
{
    return worker_ask(session, restart_job, NULL);
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
