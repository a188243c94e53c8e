/* The histogram of one tensor over the run: a row for some steps, the newest at the bottom. */
#include "view/panels.h"

#include "view/histogram.h"
#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>
#include <string.h>

enum { GUTTER = HISTOGRAM_GUTTER, LINE = 120, WHOLE = 9999 };

/* How a row of the picture is made of rows of the heat. */
typedef struct Rows {
    int used;  /* of the heat */
    int merge; /* of them, that share a row */
    int shown;
} Rows;

static Rows rows_of(const Heat *heat, int room)
{
    Rows rows = {.used = (int)((heat->newest - 1) / heat->span) + 1, .merge = 1};

    while ((rows.used + rows.merge - 1) / rows.merge > room)
        rows.merge *= 2;
    rows.shown = (rows.used + rows.merge - 1) / rows.merge;
    return rows;
}

/* The first of those that share a row; NULL where none was taken. */
static const HeatRow *row_at(const HeatTensor *tensor, const Rows *rows, int shown)
{
    for (int i = shown * rows->merge; i < (shown + 1) * rows->merge && i < rows->used; i++) {
        if (tensor->rows[i].step > 0)
            return &tensor->rows[i];
    }
    return NULL;
}

/* The fullest exponent of a column. */
static int level_of(const Bins *bins, const HeatRow *row, int column)
{
    int first, last, most = 0;

    bins_held(bins, column, &first, &last);
    for (int exponent = first; exponent <= last; exponent++) {
        int level = row->levels[exponent - EXPONENT_LEAST];

        most = level > most ? level : most;
    }
    return most;
}

static uint32_t shade(int level, Glyphs glyphs)
{
    static const uint32_t blocks[] = {0x2591, 0x2592, 0x2593, 0x2588};
    static const char letters[] = ".:-=+*#%@";
    int count = glyphs == GLYPHS_ASCII ? (int)strlen(letters) : 4;
    int at = (level - 1) * count / HEAT_MOST;

    return glyphs == GLYPHS_ASCII ? (uint32_t)letters[at] : blocks[at];
}

static void draw_row(const Histogram *histogram, const HeatRow *taken, int row, Canvas *canvas)
{
    const Bins *bins = &histogram->bins;
    char step[NUMBER_TEXT];

    if (taken->step <= WHOLE)
        snprintf(step, sizeof step, "%d", (int)taken->step);
    else
        (void)words_tick(taken->step, step);
    canvas_print(canvas, row, 0, STYLE_DIM, "%*s", GUTTER - 1, step);
    for (int col = 0; col < bins->columns; col++) {
        int level = level_of(bins, taken, col);
        Zone zone = bins_zone(bins, histogram->tensor->format, col);

        if (level > 0)
            canvas_put(canvas, row, GUTTER + col, histogram_style(zone),
                       shade(level, canvas_glyphs(canvas)));
    }
}

static void draw_rows(const Histogram *histogram, const HeatTensor *tensor, const Rows *rows,
                      Canvas *canvas)
{
    widget_axis(canvas, 1, rows->shown, GUTTER);
    for (int i = 0; i < rows->shown; i++) {
        const HeatRow *taken = row_at(tensor, rows, i);

        if (taken != NULL)
            draw_row(histogram, taken, 1 + i, canvas);
    }
}

static void draw_run(const Scene *scene, bool right, const Gaze *gaze, Canvas *canvas)
{
    const Snapshot *snapshot = right ? scene->right : scene->left;
    const TensorFacts *tensor = histogram_focus(scene, right, gaze);
    const HeatTensor *kept = tensor == NULL ? NULL : heat_find(&snapshot->heat, tensor->name);
    int room = canvas_rows(canvas) - 2;
    char span[LINE], steps[NUMBER_TEXT];
    Histogram histogram;
    Rows rows;

    if (kept == NULL || room < 1) {
        widget_heading(canvas, heat_panel.title, tensor == NULL ? "" : tensor->name, "");
        widget_notice(canvas, STYLE_DIM, "nothing is counted yet: take a step");
        return;
    }
    rows = rows_of(&snapshot->heat, room);
    words_count(snapshot->heat.span * rows.merge, steps);
    snprintf(span, sizeof span, "1 row = %s step%s", steps, strcmp(steps, "1") == 0 ? "" : "s");
    widget_heading(canvas, heat_panel.title, tensor->name, span);
    histogram = histogram_of(scene, right, gaze, tensor, canvas_cols(canvas) - GUTTER);
    draw_rows(&histogram, kept, &rows, canvas);
    histogram_zones(&histogram, 1 + rows.shown, GUTTER, canvas);
}

static void heat_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    draw_run(&(Scene){.left = snapshot, .differ = -1}, false, gaze, canvas);
}

static void heat_draw_two(const Scene *scene, const Gaze *gaze, Canvas *canvas)
{
    panel_halves(scene, gaze, canvas, draw_run);
}

const Panel heat_panel = {
    .name = "heat",
    .title = "over time",
    .summary = "the exponents of one tensor over the run, the newest steps at the bottom",
    .rows = 18,
    .min_cols = 24,
    .draw = heat_draw,
    .draw_two = heat_draw_two,
};
