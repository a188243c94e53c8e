/* What computes, and taking a session from one computer to another. */
#include "train/worker.h"

static bool interrupted(void *context)
{
    Session *session = context;

    return atomic_load(&session->interrupt) && !atomic_load(&session->together);
}

Status computer_open(Session *session, BackendName name, Computer *computer)
{
    BackendOptions options = {
        .threads = session->threads, .interrupted = interrupted, .context = session};

    *computer = (Computer){.name = name};
    return registry_open(session->registry, name, &options, &computer->class, &computer->backend,
                         &computer->words);
}

void computer_close(Computer *computer)
{
    if (computer->backend != NULL)
        computer->class->close(computer->backend);
    text_release(&computer->words);
    *computer = (Computer){.class = NULL};
}

/* A run as it is to stand there; pending, where that is allowed and the computer cannot hold it. */
static Status put_up(const Session *session, const Move *move, int i, LoadedData *data,
                     const LoadedSets *sets, Experiment **experiment)
{
    const Experiment *now = session->runs.all[i];
    const Checkpoint *from = move->from->all[i];
    const Settings *settings = &from->settings;
    Status status = failed(now->problem)
                        ? experiment_pending(sets->class, sets->backend, data, settings,
                                             now->problem, experiment)
                        : experiment_new(sets->class, sets->backend, data, settings, experiment);

    if (failed(status) && move->wait) {
        TRY(experiment_pending(sets->class, sets->backend, data, settings, status, experiment));
        snapshot_copy(&(*experiment)->facts, &from->facts);
        experiment_weigh(*experiment);
        return ok();
    }
    TRY(status);
    status = breaks_count(&session->breaks, from->facts.run_name, *experiment);
    if (!failed(status))
        status = checkpoint_restore(from, *experiment);
    if (failed(status))
        experiment_free(*experiment);
    return status;
}

/* All of them together must fit there. */
static Status check_room(const Session *session, const Move *move, const LoadedSets *sets)
{
    int64_t numbers = 0, most = experiment_most(sets->class);

    for (int i = 0; i < move->from->count; i++)
        numbers += experiment_size(sets->class, &move->from->all[i]->settings,
                                   runs_used(session)->data->set);
    if (move->from->count > 1 && numbers > most && !move->wait)
        return fail(STATUS_MEMORY,
                    "these runs need %lld MiB there; %lld MiB is the most, so drop one first",
                    (long long)(numbers >> 18), (long long)(most >> 18));
    return ok();
}

static Status put_up_all(const Session *session, const Move *move, const LoadedSets *sets,
                         Runs *next)
{
    const Runs *now = &session->runs;
    LoadedData *data = loaded_twin(&session->loaded, runs_used(session)->data, sets);
    Status status = check_room(session, move, sets);

    *next = (Runs){.used = now->used, .differences = move->from->differences};
    for (int i = 0; i < now->count && !failed(status); i++) {
        status = put_up(session, move, i, data, sets, &next->all[i]);
        next->count += !failed(status);
    }
    if (failed(status))
        runs_free(next);
    else
        next->compared = move->from->all[0]->facts.step;
    return status;
}

/* Nothing fails any more. */
static void settle(Session *session, Computer *to, const LoadedSets *sets, const Runs *next)
{
    Computer left = session->here;

    session->previous.data = loaded_twin(&session->loaded, session->previous.data, sets);
    for (int i = 0; i < ASIDE_PLACES; i++) {
        Aside *aside = &session->aside[i];

        aside->runs.data = loaded_twin(&session->loaded, aside->runs.data, sets);
        journal_lose(&aside->journal,
                     "the backend was changed in a lesson, so there is no script of "
                     "this session");
    }
    runs_free(&session->runs);
    session->runs = *next;
    timeline_begin(&session->timeline, "where it came to this backend, on which the bits are "
                                       "others");
    loaded_unshare(&session->loaded);
    session->loaded = *sets;
    pthread_mutex_lock(&session->lock);
    session->here = *to;
    pthread_mutex_unlock(&session->lock);
    *to = (Computer){.class = NULL};
    computer_close(&left);
}

Status computer_move(Session *session, Move *move)
{
    LoadedSets sets;
    Status status;
    Runs next;

    TRY(loaded_share(&session->loaded, move->to->class, move->to->backend, &sets));
    status = put_up_all(session, move, &sets, &next);
    if (failed(status)) {
        loaded_unshare(&sets);
        return status;
    }
    settle(session, move->to, &sets, &next);
    return ok();
}

Status session_check_backend(const char *name)
{
    BackendName read;

    return registry_name(name, &read);
}

typedef struct Switch {
    BackendName name;
    const char *typed;
    int64_t step;
} Switch;

/* Where it computes already; a GPU that is asked for as "auto" is one too. */
static bool is_here(const Session *session, BackendName name)
{
    bool cpu = backend_is_cpu(session->here.class);

    if (cpu)
        return name.cpu && !name.cuda;
    return name.cuda && (name.cpu || name.device == session->here.name.device);
}

/* `auto` that finds only the CPU again has new words to say, perhaps. */
static void take_words(Session *session, Computer *other)
{
    pthread_mutex_lock(&session->lock);
    text_clear(&session->here.words);
    text_append(&session->here.words, text_chars(&other->words));
    pthread_mutex_unlock(&session->lock);
    computer_close(other);
}

static Status move_to(Session *session, Computer *to)
{
    double begun = clock_seconds();
    KeptRuns from;
    Move move = {.to = to, .from = &from};
    Status status;

    TRY(runs_take(session, &from));
    session->rescue.seconds = clock_seconds() - begun;
    status = computer_move(session, &move);
    if (failed(status)) {
        kept_release(&from);
        /* Trouble of the other computer is none of this one's. */
        status.code = status.code == STATUS_DEVICE ? STATUS_UNSUPPORTED : status.code;
        return status;
    }
    from.data = runs_used(session)->data;
    rescue_keep(session, &from);
    for (int i = 0; i < session->runs.count; i++) {
        Snapshot *facts = &session->runs.all[i]->facts;

        events_add(&facts->events, EVENT_SETTING, facts->step, "backend %s",
                   session->here.class->name);
    }
    return ok();
}

static Status switch_job(Session *session, void *argument)
{
    Switch *wanted = argument;
    Computer other;
    Status status;

    wanted->step = runs_used(session)->facts.step;
    if (is_here(session, wanted->name))
        return ok();
    status = computer_open(session, wanted->name, &other);
    if (!failed(status) && backend_is_cpu(other.class) && backend_is_cpu(session->here.class)) {
        take_words(session, &other);
    } else if (!failed(status)) {
        journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
        status = move_to(session, &other);
        if (!failed(status))
            journal_add(&session->journal, runs_used(session), "backend %s", wanted->typed);
    }
    computer_close(&other);
    if (!failed(status))
        session_copy_out(session);
    return status;
}

Status session_switch(Session *session, const char *name, int64_t *step)
{
    Switch wanted = {.typed = name};

    TRY(registry_name(name, &wanted.name));
    TRY(worker_change(session, switch_job, &wanted));
    *step = wanted.step;
    return ok();
}
