#include "repl/progress.h"

#include "repl/interrupt.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/watch.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_CELLS = 10, TICKS_BETWEEN_LINES = 50 };

static const double tick = 0.1, view_tick = 0.02; /* seconds */

/* What is drawn while training runs. */
typedef enum Manner {
    MANNER_QUIET, /* nothing but the last line */
    MANNER_BAR,   /* one line, drawn again and again */
    MANNER_LINES, /* batch use with a terminal: a line now and then */
} Manner;

static Manner manner_for(const Repl *repl)
{
    if (repl->quiet || !isatty(STDERR_FILENO))
        return MANNER_QUIET;
    return repl_at_prompt(repl) ? MANNER_BAR : MANNER_LINES;
}

static void append_bar(int64_t done, int64_t wanted, Text *text)
{
    int full = (int)((double)done / (double)wanted * BAR_CELLS);

    text_append(text, "[");
    for (int i = 0; i < BAR_CELLS; i++)
        text_append(text, i < full ? "#" : "-");
    text_append(text, "]  ");
}

/* What both forms say of the run, with the skips of this training. */
static void append_run(const Snapshot *snapshot, Progress progress, Text *text)
{
    char number[NUMBER_TEXT];

    text_printf(text, "  loss %s", phrase_measure(snapshot->loss, number));
    if (snapshot->scaler.mode != SCALER_OFF)
        text_printf(text, "  scale %s", float_friendly(snapshot->scaler.scale, number));
    text_printf(text, "  %s skipped", phrase_count(progress.skipped, number));
}

static const char *unit(Progress progress)
{
    return (progress.wanted > 0 ? progress.wanted : progress.done) == 1 ? "step" : "steps";
}

void progress_line(const Snapshot *snapshot, Progress progress, Text *text)
{
    char number[NUMBER_TEXT];

    text_append(text, phrase_count(progress.done, number));
    if (progress.wanted > 0)
        text_printf(text, " of %s", phrase_count(progress.wanted, number));
    text_printf(text, " %s", unit(progress));
    append_run(snapshot, progress, text);
}

void progress_bar(const Snapshot *snapshot, Progress progress, Text *text)
{
    char number[NUMBER_TEXT];

    if (progress.wanted > 0)
        append_bar(progress.done, progress.wanted, text);
    text_append(text, phrase_count(progress.done, number));
    if (progress.wanted > 0)
        text_printf(text, "/%s", phrase_count(progress.wanted, number));
    else
        text_printf(text, " %s", unit(progress));
    append_run(snapshot, progress, text);
    if (!snapshot->steps_per_second.none)
        text_printf(text, "  %s/s",
                    phrase_count((int64_t)snapshot->steps_per_second.value, number));
}

/* Cut where the terminal ends: a line that wraps could not be drawn over. */
static void show_bar(Repl *repl, Snapshot *snapshot)
{
    int columns = repl_columns(repl) - 1;
    Text line = {0};

    session_snapshot(repl_session(repl), snapshot);
    progress_bar(snapshot, session_progress(repl_session(repl)), &line);
    fprintf(stderr, "\r%.*s\033[K", columns, text_chars(&line));
    fflush(stderr);
    text_release(&line);
}

static void show_line(Repl *repl, Snapshot *snapshot)
{
    Text line = {0};

    session_snapshot(repl_session(repl), snapshot);
    progress_bar(snapshot, session_progress(repl_session(repl)), &line);
    text_append(&line, "\n");
    repl_complain(repl, text_chars(&line));
    text_release(&line);
}

static void show(Repl *repl, Manner manner, int ticks, Snapshot *snapshot)
{
    if (manner == MANNER_BAR)
        show_bar(repl, snapshot);
    else if (manner == MANNER_LINES && ticks % TICKS_BETWEEN_LINES == 0)
        show_line(repl, snapshot);
}

/* Waits for the end of the step; a further Ctrl-C meanwhile breaks into it. */
static void stop(Session *session)
{
    interrupt_direct(session);
    if (interrupt_count() > 1)
        session_interrupt(session);
    session_pause(session);
    interrupt_direct(NULL);
}

/* The view lives on meanwhile. */
static bool wait_a_tick(Repl *repl)
{
    Session *session = repl_session(repl);

    if (repl->watch == NULL)
        return session_wait(session, tick);
    if (session_wait(session, 0.0))
        return true;
    watch_tick(repl, view_tick);
    return session_wait(session, 0.0);
}

static void wait_for_end(Repl *repl, Snapshot *snapshot)
{
    Session *session = repl_session(repl);
    Manner manner = manner_for(repl);
    int ticks = 0;

    while (!wait_a_tick(repl)) {
        show(repl, manner, ++ticks, snapshot);
        if (interrupt_pending())
            stop(session);
    }
    if (manner == MANNER_BAR) {
        show_bar(repl, snapshot);
        fputc('\n', stderr);
    }
}

/* What a bar has already said is not said again. */
static void tell_end(Repl *repl, Snapshot *snapshot)
{
    Text line = {0};

    if (manner_for(repl) == MANNER_BAR)
        return;
    session_snapshot(repl_session(repl), snapshot);
    progress_line(snapshot, session_progress(repl_session(repl)), &line);
    repl_note(repl, "%s", text_chars(&line));
    text_release(&line);
}

static Status paused(const Snapshot *snapshot)
{
    char number[NUMBER_TEXT];

    return fail(STATUS_INTERRUPTED, "paused after step %s; train, step, run or watch goes on",
                phrase_count(snapshot->step, number));
}

Status progress_train(Repl *repl, const Goal *goal)
{
    Session *session = repl_session(repl);
    Snapshot snapshot = {0};
    Status status;

    TRY(session_start(session, goal));
    wait_for_end(repl, &snapshot);
    tell_end(repl, &snapshot);
    session_snapshot(session, &snapshot);
    status = interrupt_pending() ? paused(&snapshot) : session_result(session);
    snapshot_release(&snapshot);
    return status;
}
