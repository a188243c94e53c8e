#include "repl/watch.h"

#include "base/memory.h"
#include "repl/interrupt.h"
#include "repl/line_inside.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/teacher.h"
#include "repl/watch_state.h"

#include <stdlib.h>
#include <string.h>

static const double idle = 0.25, escape = 0.025, answer = 0.1; /* seconds */
static const double first_pace = 60.0;                         /* steps a second */

enum { READ_BYTES = 8192, ESCAPE = 27 };

/* Up to a line, which then waits until it is asked for. */
static void take_typed(Watch *watch)
{
    ViewKey key;

    while (watch->news != LINE_NEWS_LINE && watch->news != LINE_NEWS_END) {
        watch->news = line_inside_take(&watch->waiting, &key);
        if (watch->news == LINE_NEWS_NONE)
            return;
        if (watch->news == LINE_NEWS_KEY)
            watch_key(watch, key);
    }
}

static void take_escape(Watch *watch)
{
    if (!answers_dismiss(watch->answers) && watch->message == NULL)
        watch->view->gaze.zoom = NULL;
    watch->drawn = -1;
    watch->message = NULL;
}

static void read_keys(Watch *watch)
{
    char bytes[READ_BYTES];
    size_t count;

    watch->gone |= !screen_read(watch->screen, bytes, sizeof bytes, &count);
    watch->dirty = true;
    if (count == 1 && bytes[0] == ESCAPE && !line_inside_takes_escape() &&
        (screen_wait(watch->screen, escape) & SCREEN_TYPED) == 0)
        take_escape(watch);
    else
        line_inside_push(bytes, count);
}

/* ^C clears what is typed; where nothing is, it pauses. */
static void take_interrupt(Watch *watch)
{
    LineLook at = line_inside_look();

    interrupt_clear();
    watch->trouble = ok();
    watch->drawn = -1;
    watch->message = NULL;
    if (at.length > 0 || line_inside_takes_escape())
        line_inside_clear();
    else if (session_training(watch->session))
        session_pause(watch->session);
    else
        watch->message = "^D or watch off: back to the prompt; quit ends the program";
}

/* Until `seconds` are over, or something happened. */
static void serve(Watch *watch, double seconds)
{
    unsigned news;

    take_typed(watch);
    if (!watch->busy && teacher_tick(watch->repl))
        watch->drawn = -1;
    watch_look(watch);
    news = screen_wait(watch->screen, seconds);
    watch->gone |= (news & SCREEN_GONE) != 0;
    if ((news & SCREEN_CHANGED) != 0)
        watch->drawn = -1;
    /* Before the keys, which were typed behind it. */
    if (!watch->busy && interrupt_pending())
        take_interrupt(watch);
    if (!watch->gone && (news & SCREEN_TYPED) != 0)
        read_keys(watch);
    take_typed(watch);
    watch_look(watch);
}

static double until_frame(const Watch *watch)
{
    double left = watch->due - watch_now();

    if (!watch->taken[0].training || screen_behind(watch->screen))
        return idle;
    return left > 0.0 ? left : 0.0;
}

void watch_tick(Repl *repl, double seconds)
{
    Watch *watch = repl->watch;
    double left = until_frame(watch);

    watch->busy = true;
    serve(watch, left < seconds ? left : seconds);
    watch->busy = false;
    if (watch->gone && !session_training(watch->session))
        session_interrupt(watch->session);
    else if (watch->gone)
        session_pause(watch->session);
}

/* A line that steps can be repeated by Enter alone. */
static void keep_step(Watch *watch, Text *line)
{
    if (line->length == 0 && watch->again.length > 0) {
        text_append(line, text_chars(&watch->again));
        return;
    }
    text_clear(&watch->again);
    if (strncmp(text_chars(line), "step", 4) == 0 && strchr(text_chars(line), ';') == NULL)
        text_append(&watch->again, text_chars(line));
}

static void take_line(Watch *watch, Text *line)
{
    text_append(line, text_chars(&watch->waiting));
    watch->news = LINE_NEWS_NONE;
    watch->message = NULL;
    keep_step(watch, line);
    (void)answers_take(watch->answers); /* what came last answers the line before */
    if (line->length > 0)
        answers_typed(watch->answers, text_chars(line));
    else
        (void)answers_dismiss(watch->answers);
    watch->drawn = -1;
    watch_look(watch);
}

LineEnd watch_line(Repl *repl, Text *line)
{
    Watch *watch = repl->watch;

    text_clear(line);
    watch->drawn = -1;
    while (!watch->gone && watch->news != LINE_NEWS_LINE && watch->news != LINE_NEWS_END)
        serve(watch, until_frame(watch));
    if (watch->gone) {
        return LINE_GONE;
    }
    if (watch->news == LINE_NEWS_END)
        watch_close(repl);
    else
        take_line(watch, line);
    return LINE_READ;
}

/* Opening and closing. */

int watch_rows(const Watch *watch)
{
    return canvas_rows(watch->canvas);
}

int watch_columns(const Watch *watch)
{
    return canvas_cols(watch->canvas);
}

/* Before the first picture: how wide the terminal draws. It need not answer. */
static void hear_terminal(Watch *watch)
{
    if (screen_asking(watch->screen) && (screen_wait(watch->screen, answer) & SCREEN_TYPED) != 0)
        read_keys(watch);
}

Status watch_open(Repl *repl)
{
    Watch *watch;
    Screen *screen;

    if (repl->watch != NULL)
        return ok();
    TRY(screen_open(&screen));
    watch = xcalloc(1, sizeof *watch);
    *watch = (Watch){.repl = repl, .session = repl->session, .screen = screen};
    watch->answers = answers_new();
    if (watch->answers == NULL) {
        screen_close(screen);
        free(watch);
        return fail(STATUS_IO, "the view cannot catch what commands print: too many open files?");
    }
    watch->view = repl_view(repl);
    watch->remote = screen_remote();
    line_inside_open("> ", screen);
    watch->slowed = session_settings(watch->session)->pace == 0.0;
    if (watch->slowed)
        watch_set_pace(watch, first_pace);
    repl->watch = watch;
    hear_terminal(watch);
    watch_fit(watch);
    watch_look(watch);
    return ok();
}

static void tell_end(Watch *watch)
{
    char number[NUMBER_TEXT];

    session_snapshot(watch->session, &watch->taken[0]);
    if (session_training(watch->session))
        repl_note(watch->repl, "the training goes on; `pause` stops it, `watch` looks again");
    else
        repl_note(watch->repl, "the view is closed after step %s; `watch` looks again",
                  phrase_count(watch->taken[0].step, number));
}

void watch_close(Repl *repl)
{
    Watch *watch = repl->watch;

    if (watch == NULL)
        return;
    repl->watch = NULL;
    line_inside_close(watch->news == LINE_NEWS_LINE ? text_chars(&watch->waiting) : NULL);
    screen_close(watch->screen);
    answers_free(watch->answers);
    if (watch->slowed && session_settings(watch->session)->pace == first_pace)
        watch_set_pace(watch, 0.0);
    if (!watch->gone)
        tell_end(watch);
    canvas_free(watch->canvas);
    snapshot_release(&watch->taken[0]);
    snapshot_release(&watch->taken[1]);
    text_release(&watch->waiting);
    text_release(&watch->again);
    free(watch);
}
