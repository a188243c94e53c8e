/* The run in use as a file, and a file as the only run: the rest of session.h. */
#include "train/worker.h"

#include "base/file.h"
#include "train/checkpoint_file.h"

static Status take_job(Session *session, void *argument)
{
    TRY(runs_used(session)->problem);
    return checkpoint_take(runs_used(session), argument);
}

Status session_save(Session *session, const char *path, int64_t *step)
{
    Checkpoint *checkpoint;
    Status status;

    TRY(worker_change(session, take_job, &checkpoint));
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

/* The run in the file stands at a step of its own, so the others cannot go on beside it. */
static Status load_job(Session *session, void *argument)
{
    const Load *load = argument;
    NewRun next = {.settings = load->from->settings, .from = load->from};
    bool others = session->runs.count > 1;
    Snapshot *facts;

    journal_reach(&session->journal, runs_used(session), others);
    text_copy(next.name, RUN_NAME, runs_used(session)->facts.run_name);
    TRY(runs_begin(session, &next, 1, 0));
    journal_load(&session->journal, runs_used(session), load->path, load->stamp);
    facts = &runs_used(session)->facts;
    events_add(&facts->events, EVENT_RUN, facts->step, "loaded %s", load->path);
    if (load->from->weights_only)
        text_append(load->what, "weights alone; optimizer, loss scale and position start anew");
    else
        text_printf(load->what, "step %lld of %s, net %s", (long long)facts->step, facts->data,
                    facts->net);
    text_append(load->what, others ? "; it is the only run now, and undo brings all back" : "");
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
    status = worker_change(session, load_job, &load);
    checkpoint_free(from);
    return status;
}
