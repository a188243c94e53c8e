/* A session's journal as a file of commands. */
#include "train/export.h"

#include "base/file.h"
#include "train/worker.h"

typedef struct Script {
    const char *path;
    Text text;
} Script;

static Status check_file(const LoadedData *data)
{
    if (data != NULL && loaded_is_stale(data))
        return fail(STATUS_UNSUPPORTED,
                    "%.100s has changed since it was read, so there is no script of this session",
                    data->spec.path);
    return ok();
}

static Status script_job(Session *session, void *argument)
{
    Script *script = argument;
    const Experiment *used = runs_used(session);

    TRY(check_file(used->data));
    TRY(check_file(session->previous.count == 0 ? NULL : session->previous.data));
    journal_reach(&session->journal, used, session->runs.count > 1);
    text_printf(
        &script->text,
        "# A halfstep session as commands: source repeats it, to the bit on the same backend "
        "and machine.\n# It computed on %s\n",
        text_chars(&session->here.words));
    TRY(journal_print(&session->journal, &script->text));
    if (session->runs.count > 1)
        text_printf(&script->text, "use %s\n", used->facts.run_name);
    return file_write(script->path, script->text.chars, script->text.length);
}

Status session_export_script(Session *session, const char *path)
{
    Script script = {.path = path};
    Status status = worker_ask(session, script_job, &script);

    text_release(&script.text);
    return status;
}
