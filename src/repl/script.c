/* Files of commands. */
#include "repl/execute.h"

#include "base/file.h"
#include "repl/state.h"

#include <stdio.h>
#include <string.h>

enum { SCRIPT_LONGEST = 1 << 24, WHERE = 600 };

static Status line_too_long(Repl *repl, const char *where)
{
    Status status = fail(STATUS_IO, "a line is longer than %d bytes; is this a file of commands?",
                         (int)LINE_LONGEST);
    Text text = {0};

    text_printf(&text, "%s%s\n", where, status.text);
    repl_complain(repl, text_chars(&text));
    text_release(&text);
    repl->reported = true;
    return status;
}

static Status run_one(Repl *repl, const char *where, const char *line, size_t length)
{
    Text copy = {0};
    Status status;

    if (length > LINE_LONGEST)
        return line_too_long(repl, where);
    text_append_bytes(&copy, line, length);
    status = execute_line(repl, where, text_chars(&copy));
    text_release(&copy);
    return status;
}

Status execute_text(Repl *repl, const char *name, const char *text, size_t length)
{
    int number = 0;

    for (size_t at = 0; at < length && !repl->quitting; number++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line = end == NULL ? length - at : (size_t)(end - (text + at));
        char where[WHERE] = "";

        if (name != NULL)
            snprintf(where, sizeof(where), "%.560s:%d: ", name, number + 1);
        TRY(run_one(repl, where, text + at, line));
        at += line + 1;
    }
    return ok();
}

static Status check_text(const char *path, const Bytes *bytes)
{
    if (bytes->count > 0 && memchr(bytes->data, '\0', bytes->count) != NULL)
        return fail(STATUS_IO, "'%.100s' is not a file of commands: it holds binary data", path);
    return ok();
}

Status execute_file(Repl *repl, const char *path)
{
    Bytes bytes = {0};
    Status status;

    if (repl->depth >= SCRIPTS_DEEPEST)
        return fail(STATUS_USAGE,
                    "scripts call each other more than %d deep; does one call itself?",
                    SCRIPTS_DEEPEST);
    TRY(file_read(path, SCRIPT_LONGEST, &bytes));
    status = check_text(path, &bytes);
    if (!failed(status)) {
        repl->depth++;
        status = execute_text(repl, path, (const char *)bytes.data, bytes.count);
        repl->depth--;
    }
    bytes_release(&bytes);
    return status;
}
