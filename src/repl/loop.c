#include "repl/loop.h"

#include "base/file.h"
#include "repl/execute.h"
#include "repl/interrupt.h"
#include "repl/line.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/watch.h"
#include "train/export.h"
#include "train/phases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_INTERRUPTED = 130 };

/* In the state folder; of runs that stand beside the one in use, with their names. */
#define CLOSED_RUN     "closed.safetensors"
#define CLOSED_RUN_TOO "closed-%s.safetensors"

static const char prompt[] = "> ";

static int exit_status(Status status)
{
    if (status.code == STATUS_INTERRUPTED)
        return EXIT_INTERRUPTED;
    return failed(status) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void banner(Repl *repl)
{
    const Settings *settings = session_settings(repl_session(repl));
    const SettingPart parts[] = {SETTING_DATA, SETTING_NET, SETTING_AUTOCAST, SETTING_SCALE};
    Text line = {0};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text_append(&line, i == 0 ? "" : "; ");
        settings_part(settings, parts[i], &line);
    }
    repl_print(repl, "halfstep on %s\n", session_backend(repl_session(repl)));
    repl_print(repl, "%s\n", text_chars(&line));
    repl_print(repl, "type watch, train, help\n");
    text_release(&line);
}

/* What cannot be a line of commands, in a sentence; NULL where it can. */
static const char *objection(LineEnd end)
{
    if (end == LINE_TOO_LONG)
        return "this line is too long; is it one of commands?";
    return end == LINE_BINARY ? "this line holds binary data; is it one of commands?" : NULL;
}

static Status run_read(Repl *repl, LineEnd end, const char *where, const Text *line)
{
    const char *no = objection(end);
    Text text = {0};

    if (no == NULL)
        return execute_line(repl, where, text_chars(line));
    text_printf(&text, "%s%s\n", where, no);
    repl_complain(repl, text_chars(&text));
    text_release(&text);
    return fail(STATUS_IO, "%s", no);
}

static Status save_as(Session *session, const char *name)
{
    Text path = {0};
    int64_t step;
    Status status = file_state_path(name, &path);

    if (!failed(status))
        status = session_save(session, text_chars(&path), &step);
    text_release(&path);
    return status;
}

/* The terminal has closed under the view: what was learned must not go with it. There is nobody left to
 * tell of failures; the others are saved all the same. */
static void save_runs(Session *session)
{
    int used = session_run_current(session);
    char name[64];

    session_pause(session);
    (void)failed(session_leave_step(session));
    (void)failed(save_as(session, CLOSED_RUN));
    for (int i = 0; i < session_run_count(session); i++) {
        if (i == used || failed(session_use(session, i)))
            continue;
        snprintf(name, sizeof name, CLOSED_RUN_TOO, session_run_name(session, i));
        (void)failed(save_as(session, name));
    }
}

static LineEnd ask(Repl *repl, Text *line)
{
    fflush(stdout);
    return repl->watch != NULL ? watch_line(repl, line) : line_ask(prompt, line);
}

static int at_terminal(Repl *repl, bool watch)
{
    Text line = {0};
    LineEnd end = LINE_READ;

    banner(repl);
    if (watch)
        (void)failed(execute_line(repl, "", "watch"));
    while (end == LINE_READ && !execute_finished(repl)) {
        end = ask(repl, &line);
        /* Several lines where they were pasted. A mistake was shown; at a prompt it ends nothing. */
        if (end == LINE_READ)
            (void)failed(execute_text(repl, NULL, text_chars(&line), line.length));
    }
    if (end == LINE_GONE)
        save_runs(repl_session(repl));
    else if (end == LINE_END)
        putchar('\n');
    watch_close(repl);
    text_release(&line);
    return end == LINE_GONE ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void as_transcript(Repl *repl)
{
    Text line = {0};

    while (!execute_finished(repl)) {
        LineEnd end = line_plain(LINE_LONGEST, &line);

        if (end == LINE_END)
            break;
        printf("%s%s\n", prompt, text_chars(&line));
        (void)failed(run_read(repl, end, "", &line));
    }
    text_release(&line);
}

static int from_input(Repl *repl)
{
    Status status = ok();
    Text line = {0};

    for (int number = 1; !failed(status) && !execute_finished(repl); number++) {
        LineEnd end = line_plain(LINE_LONGEST, &line);
        char where[32];

        if (interrupt_pending())
            status = fail(STATUS_INTERRUPTED, "interrupted");
        if (end == LINE_END || failed(status))
            break;
        snprintf(where, sizeof(where), "stdin:%d: ", number);
        status = run_read(repl, end, where, &line);
    }
    if (!failed(status) && ferror(stdin)) {
        status = fail(STATUS_IO, "standard input cannot be read to its end");
        fprintf(stderr, "%s\n", status.text);
    }
    text_release(&line);
    return exit_status(status);
}

static int from_file(Repl *repl, const char *path)
{
    Status status = execute_file(repl, path);

    if (failed(status) && !execute_reported(repl))
        fprintf(stderr, "%s\n", status.text);
    return exit_status(status);
}

static int run(Repl *repl, const Options *options, bool terminal)
{
    if (options->commands != NULL)
        return exit_status(execute_text(repl, NULL, options->commands, strlen(options->commands)));
    if (options->file != NULL)
        return from_file(repl, options->file);
    if (!terminal && options->watch) {
        fprintf(stderr, "--watch needs a terminal, and standard input is none\n");
        return EXIT_FAILURE;
    }
    if (!terminal && !options->transcript)
        return from_input(repl);
    if (terminal)
        return at_terminal(repl, options->watch);
    as_transcript(repl);
    return EXIT_SUCCESS;
}

/* A trace that is under way ends with the program. */
static bool end_trace(Session *session)
{
    TraceFacts facts;
    Status status = ok();

    if (session_trace_facts(session).armed)
        status = session_trace_end(session, &facts);
    if (failed(status))
        fprintf(stderr, "%s\n", status.text);
    return !failed(status);
}

int loop_run(Session *session, const Options *options)
{
    bool interactive = options->commands == NULL && options->file == NULL;
    bool terminal = interactive && !options->transcript && isatty(STDIN_FILENO);
    Repl *repl = repl_new(session, terminal || (interactive && options->transcript));
    int status;

    if (!terminal && session_chose(session))
        repl_note(repl, "computing on %s", session_backend(session));
    interrupt_install();
    line_open(session, terminal);
    status = run(repl, options, terminal);
    session_pause(session);
    if (!end_trace(session) && status == EXIT_SUCCESS)
        status = EXIT_FAILURE;
    line_close();
    repl_free(repl);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "the results could not be written; is the disk full?\n");
        return EXIT_FAILURE;
    }
    return status;
}
