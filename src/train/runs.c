/* Which run is the present one, and which undo brings back: the rest of session.h, with files. */
#include "train/worker.h"

#include "base/file.h"
#include "train/checkpoint_file.h"

#include <stdlib.h>

void runs_drop_unused(Session *session)
{
    loaded_keep(&session->loaded, session->current == NULL ? NULL : session->current->data,
                session->previous == NULL ? NULL : session->previous_data);
}

/* The present run stays, for undo, and so both must fit; the one behind it goes first where all three
 * would be too much, as it would go anyway. */
static Status make_room(Session *session, int64_t numbers)
{
    const Checkpoint *behind = session->previous;
    int64_t most = experiment_most(session->here.class);
    int64_t both = numbers + (session->current == NULL ? 0 : session->current->numbers);
    int64_t third = behind == NULL ? 0
                                   : experiment_size(session->here.class, &behind->settings,
                                                     session->previous_data->set);

    if (both > most && numbers <= most)
        return fail(STATUS_MEMORY,
                    "this network and the present one, which undo keeps, need %lld MiB together; "
                    "%lld MiB is the most, so make it smaller or say net 784 10 first",
                    (long long)(both >> 18), (long long)(most >> 18));
    if (both + third > most) {
        checkpoint_free(session->previous);
        session->previous = NULL;
    }
    return ok();
}

/* The state of the present run, for undo; NULL of one that was only pending, which is not worth
 * bringing back. */
static Status keep_present(const Session *session, Checkpoint **kept)
{
    *kept = NULL;
    if (session->current == NULL || failed(session->current->problem))
        return ok();
    return checkpoint_take(session->current, kept);
}

/* Takes the experiment, unless this fails: then nothing has changed. */
static Status replace(Session *session, Experiment *experiment)
{
    Experiment *before = session->current;
    Checkpoint *kept;
    Status status;

    TRY(keep_present(session, &kept));
    session->current = experiment;
    status = rescue_renew(session);
    session->current = before;
    if (failed(status)) {
        checkpoint_free(kept);
        return status;
    }
    worker_stop(session, ok());
    if (kept != NULL) {
        checkpoint_free(session->previous);
        session->previous = kept;
        session->previous_data = before->data;
    }
    experiment_free(before);
    session->current = experiment;
    return ok();
}

static Status put_up(Session *session, LoadedData *data, const Settings *settings,
                     const Checkpoint *from, Experiment **experiment)
{
    Status status;

    TRY(experiment_new(session->here.class, session->here.backend, data, settings, experiment));
    status = from == NULL ? ok() : checkpoint_restore(from, *experiment);
    if (failed(status))
        experiment_free(*experiment);
    return status;
}

Status runs_begin(Session *session, const Settings *wanted, const Checkpoint *from)
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
    status = make_room(session, experiment_size(session->here.class, wanted, data->set));
    if (!failed(status))
        status = put_up(session, data, wanted, from, &experiment);
    if (!failed(status)) {
        experiment->run = ++session->runs;
        status = replace(session, experiment);
        if (failed(status))
            experiment_free(experiment);
    }
    runs_drop_unused(session);
    return status;
}

/* A run that began with loaded weights goes back to those. */
static Status reset_job(Session *session, void *argument)
{
    Settings settings = session->current->settings;
    Checkpoint *start = NULL;
    Status status;

    (void)argument;
    journal_reach(&session->journal, session->current);
    if (session->current->own_start) {
        TRY(checkpoint_take(session->current, &start));
        checkpoint_rewind(start);
    }
    status = runs_begin(session, &settings, start);
    checkpoint_free(start);
    TRY(status);
    journal_add(&session->journal, session->current, "reset");
    session_copy_out(session);
    return ok();
}

Status session_reset(Session *session)
{
    return worker_ask(session, reset_job, NULL);
}

/* The two change places; all that can fail comes first. */
static Status undo_job(Session *session, void *argument)
{
    Checkpoint *back = session->previous, *kept;
    Experiment *before = session->current, *experiment;
    Text *what = argument;
    Status status;

    if (back == NULL)
        return fail(STATUS_USAGE, "there is nothing to undo: no run was replaced yet");
    journal_reach(&session->journal, before);
    TRY(put_up(session, session->previous_data, &back->settings, back, &experiment));
    status = keep_present(session, &kept);
    if (failed(status)) {
        experiment_free(experiment);
        return status;
    }
    worker_stop(session, ok());
    session->previous = kept;
    session->previous_data = before->data;
    session->current = experiment;
    experiment_free(before);
    rescue_keep(session, back);
    journal_undo(&session->journal, experiment);
    text_printf(what, "step %lld of %s, net %s", (long long)experiment->facts.step,
                experiment->facts.data, experiment->facts.net);
    session_copy_out(session);
    return ok();
}

Status session_undo(Session *session, Text *what)
{
    return worker_ask(session, undo_job, what);
}

static Status take_job(Session *session, void *argument)
{
    TRY(session->current->problem);
    return checkpoint_take(session->current, argument);
}

Status session_save(Session *session, const char *path, int64_t *step)
{
    Checkpoint *checkpoint;
    Status status;

    TRY(worker_ask(session, take_job, &checkpoint));
    *step = checkpoint->facts.step;
    status = checkpoint_write(checkpoint, path);
    checkpoint_free(checkpoint);
    return status;
}

typedef struct Load {
    const Checkpoint *from;
    const char *path;
    int64_t stamp; /* as it was read */
    Text *what;
} Load;

static Status load_job(Session *session, void *argument)
{
    const Load *load = argument;
    Snapshot *facts;

    journal_reach(&session->journal, session->current);
    TRY(runs_begin(session, &load->from->settings, load->from));
    journal_load(&session->journal, session->current, load->path, load->stamp);
    facts = &session->current->facts;
    events_add(&facts->events, EVENT_RUN, facts->step, "loaded %s", load->path);
    if (load->from->weights_only)
        text_append(load->what, "weights alone; optimizer, loss scale and position start anew");
    else
        text_printf(load->what, "step %lld of %s, net %s", (long long)facts->step, facts->data,
                    facts->net);
    session_copy_out(session);
    return ok();
}

Status session_load(Session *session, const char *path, Text *what)
{
    Checkpoint *from;
    Load load = {.path = path, .stamp = file_stamp(path), .what = what};
    Status status;

    TRY(checkpoint_read(path, &session->settings, &from));
    load.from = from;
    status = worker_ask(session, load_job, &load);
    checkpoint_free(from);
    return status;
}
