/* What computes, and taking a session from one computer to another. */
#include "train/worker.h"

static bool interrupted(void *context)
{
    Session *session = context;

    return atomic_load(&session->interrupt);
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

/* The run as it is to stand there; pending, where that is allowed and the computer cannot hold it. */
static Status put_up(const Session *session, const Move *move, const LoadedSets *sets,
                     Experiment **experiment)
{
    const Experiment *now = session->current;
    const Settings *settings = &move->from->settings;
    LoadedData *data = loaded_twin(&session->loaded, now->data, sets);
    Status status = failed(now->problem)
                        ? experiment_pending(sets->class, sets->backend, data, settings,
                                             now->problem, experiment)
                        : experiment_new(sets->class, sets->backend, data, settings, experiment);

    if (failed(status) && move->wait) {
        TRY(experiment_pending(sets->class, sets->backend, data, settings, status, experiment));
        snapshot_copy(&(*experiment)->facts, &move->from->facts);
        experiment_weigh(*experiment);
        return ok();
    }
    TRY(status);
    status = checkpoint_restore(move->from, *experiment);
    if (failed(status))
        experiment_free(*experiment);
    return status;
}

/* Nothing fails any more. */
static void settle(Session *session, Computer *to, const LoadedSets *sets, Experiment *experiment)
{
    Computer left = session->here;

    session->previous_data = loaded_twin(&session->loaded, session->previous_data, sets);
    experiment_free(session->current);
    session->current = experiment;
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
    Experiment *experiment;
    LoadedSets sets;
    Status status;

    TRY(loaded_share(&session->loaded, move->to->class, move->to->backend, &sets));
    status = put_up(session, move, &sets, &experiment);
    if (failed(status)) {
        loaded_unshare(&sets);
        return status;
    }
    settle(session, move->to, &sets, experiment);
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
    Move move = {.to = to};
    double begun = clock_seconds();
    Snapshot *facts;
    Status status;

    TRY(checkpoint_take(session->current, &move.from));
    session->rescue.seconds = clock_seconds() - begun;
    status = computer_move(session, &move);
    if (failed(status)) {
        checkpoint_free(move.from);
        /* Trouble of the other computer is none of this one's. */
        status.code = status.code == STATUS_DEVICE ? STATUS_UNSUPPORTED : status.code;
        return status;
    }
    rescue_keep(session, move.from);
    facts = &session->current->facts;
    events_add(&facts->events, EVENT_SETTING, facts->step, "backend %s", session->here.class->name);
    return ok();
}

static Status switch_job(Session *session, void *argument)
{
    Switch *wanted = argument;
    Computer other;
    Status status;

    wanted->step = session->current->facts.step;
    if (is_here(session, wanted->name))
        return ok();
    status = computer_open(session, wanted->name, &other);
    if (!failed(status) && backend_is_cpu(other.class) && backend_is_cpu(session->here.class)) {
        take_words(session, &other);
    } else if (!failed(status)) {
        journal_reach(&session->journal, session->current);
        status = move_to(session, &other);
        if (!failed(status))
            journal_add(&session->journal, session->current, "backend %s", wanted->typed);
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
    TRY(worker_ask(session, switch_job, &wanted));
    *step = wanted.step;
    return ok();
}
