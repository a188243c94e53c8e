#include "repl/find_run.h"

Status find_run(const Session *session, const char *name, int *run)
{
    int count = session_run_count(session);
    Text list = {0};
    Status status;

    *run = session_run_named(session, name);
    if (*run >= 0)
        return ok();
    for (int i = 0; i < count; i++)
        text_printf(&list, "%s%s", i == 0 ? "" : ", ", session_run_name(session, i));
    status = fail(STATUS_USAGE, "there is no run '%.20s'; there %s %s", name,
                  count > 1 ? "are" : "is only", text_chars(&list));
    text_release(&list);
    return status;
}
