/* What happened, newest last. */
#include "view/panels.h"

#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>

enum { LINE = 256, NOTE = 64 };

static Style style_of(EventKind kind)
{
    switch (kind) {
    case EVENT_SKIP:
        return STYLE_WARN;
    case EVENT_WARNING:
        return STYLE_BAD;
    case EVENT_GROWTH:
        return STYLE_GOOD;
    case EVENT_RUN:
        return STYLE_DIM;
    default:
        return STYLE_PLAIN;
    }
}

static int rows_of(const Event *event, int cols)
{
    char line[LINE];

    return widget_wrapped(NULL, 0, cols, STYLE_PLAIN, event_line(event, line, sizeof line));
}

/* The oldest event from which all to the newest fit; the newest one is shown in any case. */
static int first_that_fits(const EventLog *log, int rows, int cols)
{
    int first = events_held(log);

    while (first > 0) {
        rows -= rows_of(events_get(log, first - 1), cols);
        if (rows < 0)
            break;
        first--;
    }
    return first == events_held(log) ? first - 1 : first;
}

static void draw_events(const EventLog *log, int first, Canvas *canvas)
{
    char line[LINE];
    int row = 1;

    for (int i = first; i < events_held(log); i++) {
        const Event *event = events_get(log, i);

        row += widget_wrapped(canvas, row, canvas_cols(canvas), style_of(event->kind),
                              event_line(event, line, sizeof line));
    }
}

static void log_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    const EventLog *log = &snapshot->events;
    int held = events_held(log), first;
    char left[NOTE] = "", count[NUMBER_TEXT];

    (void)gaze;
    if (held == 0) {
        widget_heading(canvas, log_panel.title, "", "");
        widget_notice(canvas, STYLE_DIM, "nothing has happened yet");
        return;
    }
    first = first_that_fits(log, canvas_rows(canvas) - 1, canvas_cols(canvas));
    if (log->total > held - first)
        snprintf(left, sizeof left, "newest %d of %s", held - first,
                 words_count(log->total, count));
    widget_heading(canvas, log_panel.title, left, "");
    draw_events(log, first, canvas);
}

const Panel log_panel = {
    .name = "log",
    .title = "log",
    .summary = "what happened: skipped steps, changes of the scale, settings",
    .rows = 21,
    .min_cols = 24,
    .draw = log_draw,
};
