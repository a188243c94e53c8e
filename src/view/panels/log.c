/* What happened, newest last. */
#include "view/panels.h"

#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 256, NOTE = 64, ENTRIES = 2 * EVENT_COUNT };

typedef struct Entry {
    const Event *event;
    const char *run; /* "" where there is one run, or both say the same */
} Entry;

typedef struct Entries {
    int64_t total; /* ever logged */
    int count;
    Entry all[ENTRIES]; /* oldest first */
} Entries;

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

static const char *entry_line(const Entry *entry, char line[LINE])
{
    int used = entry->run[0] == '\0' ? 0 : snprintf(line, LINE, "%s: ", entry->run);

    (void)event_line(entry->event, line + used, LINE - used);
    return line;
}

static int rows_of(const Entry *entry, int cols)
{
    char line[LINE];

    return widget_wrapped(NULL, 0, cols, STYLE_PLAIN, entry_line(entry, line));
}

/* The oldest entry from which all to the newest fit; the newest one is shown in any case. */
static int first_that_fits(const Entries *entries, int rows, int cols)
{
    int first = entries->count;

    while (first > 0) {
        rows -= rows_of(&entries->all[first - 1], cols);
        if (rows < 0)
            break;
        first--;
    }
    return first == entries->count ? first - 1 : first;
}

static void draw_entries(const Entries *entries, Canvas *canvas)
{
    int first = first_that_fits(entries, canvas_rows(canvas) - 1, canvas_cols(canvas));
    char left[NOTE] = "", count[NUMBER_TEXT], line[LINE];
    int row = 1;

    if (entries->total > entries->count - first)
        snprintf(left, sizeof left, "newest %d of %s", entries->count - first,
                 words_count(entries->total, count));
    widget_heading(canvas, log_panel.title, left, "");
    for (int i = first; i < entries->count; i++) {
        const Entry *entry = &entries->all[i];

        row += widget_wrapped(canvas, row, canvas_cols(canvas), style_of(entry->event->kind),
                              entry_line(entry, line));
    }
}

static void draw(const Entries *entries, Canvas *canvas)
{
    if (entries->count > 0) {
        draw_entries(entries, canvas);
        return;
    }
    widget_heading(canvas, log_panel.title, "", "");
    widget_notice(canvas, STYLE_DIM, "nothing has happened yet");
}

static void log_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    const EventLog *log = &snapshot->events;
    Entries entries = {.total = log->total, .count = events_held(log)};

    (void)gaze;
    for (int i = 0; i < entries.count; i++)
        entries.all[i] = (Entry){events_get(log, i), ""};
    draw(&entries, canvas);
}

/* Both runs did it, or it is from before they were two. */
static bool same(const Event *a, const Event *b)
{
    return a->kind == b->kind && a->step == b->step && a->last_step == b->last_step &&
           strcmp(a->tensor, b->tensor) == 0 && strcmp(a->text, b->text) == 0;
}

/* By step; at the same step those of the left run first. */
static void merge(const Scene *scene, Entries *entries)
{
    const EventLog *left = &scene->left->events, *right = &scene->right->events;
    int i = 0, j = 0;

    for (;;) {
        const Event *a = i < events_held(left) ? events_get(left, i) : NULL;
        const Event *b = j < events_held(right) ? events_get(right, j) : NULL;
        bool both = a != NULL && b != NULL && same(a, b);
        Entry entry = {a, both ? "" : scene->left->run_name};

        if (a == NULL && b == NULL)
            break;
        if (a == NULL || (b != NULL && b->step < a->step))
            entry = (Entry){b, scene->right->run_name};
        i += entry.event == a;
        j += entry.event == b || both;
        entries->all[entries->count++] = entry;
    }
    entries->total = entries->count;
}

static void log_draw_two(const Scene *scene, const Gaze *gaze, Canvas *canvas)
{
    Entries entries = {0};

    (void)gaze;
    merge(scene, &entries);
    draw(&entries, canvas);
}

const Panel log_panel = {
    .name = "log",
    .title = "log",
    .summary = "what happened: skipped steps, changes of the scale, settings",
    .rows = 21,
    .min_cols = 24,
    .draw = log_draw,
    .draw_two = log_draw_two,
};
