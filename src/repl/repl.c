#include "repl/repl.h"

#include "base/memory.h"
#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/teacher.h"
#include "repl/watch.h"
#include "repl/wrap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

Repl *repl_new(Session *session, bool prompt)
{
    Repl *repl = xcalloc(1, sizeof(*repl));

    repl->session = session;
    repl->prompt = prompt;
    if (session != NULL)
        repl->fresh = *session_settings(session);
    return repl;
}

void repl_free(Repl *repl)
{
    if (repl == NULL)
        return;
    if (repl->script != NULL)
        script_free(repl->script);
    past_release(&repl->past);
    teacher_free(repl->teacher);
    free(repl);
}

Session *repl_session(Repl *repl)
{
    return repl->session;
}

ViewSettings *repl_view(Repl *repl)
{
    return &repl->view;
}

bool repl_at_prompt(const Repl *repl)
{
    return repl->prompt;
}

/* Where all runs speak in turn: a line with the name of the one that does, or what comes behind a line
 * that holds it. Once for each. */
static void append_label(Repl *repl, bool line, Text *text)
{
    if (repl->label == NULL)
        return;
    text_printf(text, line ? "%s\t" : "%s:\n", repl->label);
    repl->label = NULL;
}

/* Whoever reads at a terminal reads words; programs read lines. */
static void put(const Repl *repl, FILE *file, const char *lines)
{
    Text wrapped = {0};

    if (repl->quiet)
        return;
    if (repl->prompt && isatty(fileno(file)) != 0)
        wrap_lines(lines, (size_t)repl_columns(repl), &wrapped);
    fputs(wrapped.length > 0 ? text_chars(&wrapped) : lines, file);
    text_release(&wrapped);
}

void repl_print(Repl *repl, const char *fmt, ...)
{
    Text text = {0}, labelled = {0};
    const char *end;
    va_list args;

    va_start(args, fmt);
    text_vprintf(&text, fmt, args);
    va_end(args);
    end = strchr(text_chars(&text), '\n');
    append_label(repl, end == NULL || end[1] == '\0', &labelled);
    text_append(&labelled, text_chars(&text));
    put(repl, stdout, text_chars(&labelled));
    text_release(&text);
    text_release(&labelled);
}

void repl_note(Repl *repl, const char *fmt, ...)
{
    Text text = {0};
    va_list args;

    fflush(stdout);
    append_label(repl, true, &text);
    va_start(args, fmt);
    text_vprintf(&text, fmt, args);
    va_end(args);
    text_append(&text, "\n");
    put(repl, repl->prompt ? stdout : stderr, text_chars(&text));
    text_release(&text);
}

void repl_complain(Repl *repl, const char *text)
{
    fflush(stdout);
    put(repl, stderr, text);
}

void repl_acknowledge(Repl *repl, int64_t step, const char *what)
{
    const char *who = "", *colon = "";
    char number[NUMBER_TEXT];

    if (session_run_count(repl->session) > 1) {
        who = repl->for_all ? "all"
                            : session_run_name(repl->session, session_run_current(repl->session));
        colon = ": ";
        repl->label = NULL;
    }
    if (step > 0)
        repl_note(repl, "%s%s%s, from step %s", who, colon, what, phrase_count(step + 1, number));
    else
        repl_note(repl, "%s%s%s", who, colon, what);
}

static int64_t present_step(Repl *repl)
{
    Snapshot snapshot = {0};
    int64_t step;

    session_snapshot(repl->session, &snapshot);
    step = snapshot.step;
    snapshot_release(&snapshot);
    return step;
}

Status repl_apply(Repl *repl, const Settings *wanted, const char *what)
{
    int64_t before = present_step(repl), step = 0;

    TRY(session_apply(repl->session, wanted, &step));
    repl_acknowledge(repl, step, what);
    if (before > 0 && present_step(repl) == 0)
        repl_note(repl, session_run_count(repl->session) > 1
                            ? "all runs begin again; `undo` brings them back as they were"
                            : "the weights are fresh; `undo` brings the old run back");
    return ok();
}

Status repl_take(Repl *repl, const Args *args, const Settings *wanted, SettingPart part)
{
    Text what = {0};
    Status status = ok();

    settings_part(wanted, part, &what);
    if (args_empty(args))
        repl_print(repl, "%s\n", text_chars(&what));
    else
        status = repl_apply(repl, wanted, text_chars(&what));
    text_release(&what);
    return status;
}

Status repl_begin(Repl *repl, const Settings *wanted, const char *what)
{
    bool same = settings_same_run(session_settings(repl->session), wanted);

    TRY(repl_apply(repl, wanted, what));
    if (same && present_step(repl) > 0)
        repl_note(repl, "as it was, and the run goes on; `reset` begins it again");
    return ok();
}

void repl_check_later(Repl *repl)
{
    repl->check_due = true;
}

void repl_quit(Repl *repl)
{
    repl->quitting = true;
}

bool repl_colour(const Repl *repl)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *plain = getenv("NO_COLOR");

    return repl->prompt && isatty(STDOUT_FILENO) && (plain == NULL || *plain == '\0');
}

int repl_columns(const Repl *repl)
{
    struct winsize size;

    if (repl->watch != NULL)
        return watch_columns(repl->watch);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}
