#include "train/worker.h"

#include "base/memory.h"

#include <stdlib.h>

typedef struct Change {
    Settings wanted;
    int64_t step;
} Change;

static void log_difference(Experiment *run, const Settings *before)
{
    Snapshot *facts = &run->facts;
    Text words = {0};

    settings_difference(before, &run->settings, &words);
    if (words.length > 0)
        events_add(&facts->events, EVENT_SETTING, facts->step, "%s", text_chars(&words));
    text_release(&words);
}

/* What keeps the runs from being trained; one that is not in use is named. */
static Status problem_of(const Runs *runs)
{
    Status problem = runs->all[runs->used]->problem;

    for (int i = 0; i < runs->count && !failed(problem); i++) {
        const Experiment *run = runs->all[i];

        if (failed(run->problem))
            problem =
                fail(run->problem.code, "run %s: %.170s", run->facts.run_name, run->problem.text);
    }
    return problem;
}

void session_copy_out(Session *session)
{
    const Runs *runs = &session->runs;

    session->settings = runs_used(session)->settings;
    session->problem = problem_of(runs);
    session->names = (RunNames){.count = runs->count, .used = runs->used};
    for (int i = 0; i < runs->count; i++)
        text_copy(session->names.all[i], RUN_NAME, runs->all[i]->facts.run_name);
    breaks_follow(session);
    worker_publish(session);
}

/* What the runs have in common. */
static void share(const Settings *from, Settings *to)
{
    to->data = from->data;
    to->seed = from->seed;
    to->batch = from->batch;
    to->accumulate = from->accumulate;
    to->pace = from->pace;
}

static bool same_share(const Settings *a, const Settings *b)
{
    return settings_same_part(a, b, SETTING_DATA) && a->seed == b->seed && a->batch == b->batch &&
           a->accumulate == b->accumulate && a->pace == b->pace;
}

/* Nothing differs that fresh weights would be needed for, in any run that is to change at all. */
static bool all_go_on(const Runs *runs, const Settings *wanted)
{
    for (int i = 0; i < runs->count; i++) {
        const Experiment *run = runs->all[i];

        if (i != runs->used && same_share(&run->settings, &wanted[i]))
            continue;
        if (failed(run->problem) || !settings_same_run(&run->settings, &wanted[i]) ||
            loaded_is_stale(run->data))
            return false;
    }
    return true;
}

/* Each has a bound of its own; this is for all of them. */
static Status check_room(const Session *session, const Settings *wanted)
{
    const Runs *runs = &session->runs;
    int64_t numbers = 0, most = experiment_most(session->here.class);

    if (runs->count == 1)
        return ok();
    for (int i = 0; i < runs->count; i++)
        numbers += experiment_size(session->here.class, &wanted[i], runs->all[i]->data->set);
    if (numbers > most)
        return fail(STATUS_MEMORY,
                    "these runs at this batch need %lld MiB together; %lld MiB is the most that is "
                    "taken, so make it smaller or drop a run",
                    (long long)(numbers >> 18), (long long)(most >> 18));
    return ok();
}

/* A run that was changed takes back what it was: that fitted, and so it fits again. */
static Status change_all(const Runs *runs, const Settings *wanted)
{
    Settings before[RUNS_MOST];
    Status status = ok();
    int changed = 0;

    for (; changed < runs->count && !failed(status); changed++) {
        Experiment *run = runs->all[changed];

        before[changed] = run->settings;
        if (changed == runs->used || !same_share(&run->settings, &wanted[changed]))
            status = experiment_change(run, &wanted[changed]);
    }
    for (int i = 0; failed(status) && i < changed - 1; i++)
        if (i == runs->used || !same_share(&before[i], &wanted[i]))
            TRY(experiment_change(runs->all[i], &before[i]));
    for (int i = 0; !failed(status) && i < runs->count; i++)
        log_difference(runs->all[i], &before[i]);
    return status;
}

/* What all share must fit each of them. */
static Status check_others(const Runs *runs, const Settings *wanted)
{
    for (int i = 0; i < runs->count; i++) {
        Status status = i == runs->used ? ok() : settings_check(&wanted[i]);

        if (failed(status))
            return fail(status.code, "run %s: %.170s", runs->all[i]->facts.run_name, status.text);
    }
    return ok();
}

static Status begin_first(Session *session, const Settings *wanted)
{
    NewRun first = {.name = "a", .settings = *wanted};

    return runs_begin(session, &first, 1, 0);
}

static Status apply_to_all(Session *session, const Settings *change)
{
    Runs *runs = &session->runs;
    Settings wanted[RUNS_MOST];

    if (runs->count == 0)
        return begin_first(session, change);
    for (int i = 0; i < runs->count; i++) {
        wanted[i] = i == runs->used ? *change : runs->all[i]->settings;
        share(change, &wanted[i]);
    }
    TRY(check_others(runs, wanted));
    if (all_go_on(runs, wanted)) {
        TRY(check_room(session, wanted));
        return change_all(runs, wanted);
    }
    return runs_begin_again(session, wanted, false);
}

static Status apply_job(Session *session, void *argument)
{
    Change *change = argument;
    Settings before = session->settings;

    change->wanted.data.seed = change->wanted.seed;
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    TRY(apply_to_all(session, &change->wanted));
    change->step = runs_used(session)->facts.step;
    journal_settings(&session->journal, &before, runs_used(session));
    timeline_turn(session);
    session_copy_out(session);
    return ok();
}

Status session_apply(Session *session, const Settings *wanted, int64_t *step)
{
    Change change = {.wanted = *wanted};

    TRY(settings_check(wanted));
    TRY(worker_change(session, apply_job, &change));
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
    sweep_forget(session);
    breaks_release(&session->breaks);
    timeline_begin(&session->timeline, NULL);
    expr_free(session->training.until);
    runs_free(&session->runs);
    kept_release(&session->previous);
    for (int i = 0; i < ASIDE_PLACES; i++)
        aside_release(&session->aside[i]);
    kept_release(&session->rescue.kept);
    if (session->here.class != NULL)
        runs_drop_unused(session);
    for (int i = 0; i < RUNS_MOST; i++)
        snapshot_release(&session->published[i]);
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
    Experiment *run = runs_used(session);
    Settings before = run->settings;
    Snapshot *facts = &run->facts;
    char old[NUMBER_TEXT], new[NUMBER_TEXT];

    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    float_friendly(facts->scaler.scale, old);
    experiment_set_scale(run, change->scale);
    change->step = facts->step;
    if (before.scaler.mode == run->settings.scaler.mode)
        events_add(&facts->events, EVENT_SETTING, facts->step, "loss scale %s -> %s", old,
                   float_friendly(change->scale, new));
    else
        log_difference(run, &before);
    journal_add(&session->journal, run, "scale %s", float_friendly(change->scale, new));
    timeline_turn(session);
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
    TRY(worker_change(session, scale_job, &change));
    *step = change.step;
    return ok();
}

static Status restart_job(Session *session, void *argument)
{
    (void)argument;
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    experiment_restart_scaler(runs_used(session));
    journal_scaler(&session->journal, runs_used(session));
    timeline_turn(session);
    session_copy_out(session);
    return rescue_renew(session);
}

Status session_restart_scaler(Session *session)
{
    return worker_change(session, restart_job, NULL);
}

static Status note_job(Session *session, void *argument)
{
    Snapshot *facts = &runs_used(session)->facts;

    events_add(&facts->events, EVENT_SETTING, facts->step, "%s", (const char *)argument);
    timeline_turn(session);
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
    const Experiment *now = runs_used(session);
    int reached = 0;

    while (now->phases_run > 0 && experiment_has_run(now, reached))
        reached++;
    program_print(&now->program, reached, argument);
    return ok();
}

void session_print_program(Session *session, Text *text)
{
    if (failed(session->problem))
        text_printf(text, "there is no program yet: %s\n", session->problem.text);
    else if (failed(worker_ask(session, print_job, text)))
        return; /* print_job never fails */
}
