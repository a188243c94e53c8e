/* What a gradient would lose at each loss scale, the first overflows, and the scales that are good. */
#include "view/panels.h"

#include "base/memory.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUTTER = 8, LINE = 120, TICK = 8, BELOW = 2 };

/* The height of a share is its logarithm, from one in a million up to all. */
static const double decades = 6.0;

static double height_of(double share)
{
    if (isnan(share))
        return share;
    return share > 0.0 ? fmax(1.0 + log10(share) / decades, 0.0) : 0.0;
}

static int exponent_of(const Sweep *sweep, int col, int cols)
{
    return sweep->from + (int)((int64_t)col * (sweep->to - sweep->from + 1) / cols);
}

/* The one that is looked at, else the one that loses most at the smallest scale. */
static int focus_of(const Sweep *sweep, const Gaze *gaze)
{
    int chosen = sweep_tensor(sweep, gaze->tensor);

    return chosen >= 0 ? chosen : sweep_loser(sweep, sweep->from);
}

static double lost_of(const Sweep *sweep, int exponent, int tensor)
{
    return sweep_lost(sweep_cell(sweep, exponent, tensor));
}

static double predicted_of(const Sweep *sweep, int exponent, int tensor)
{
    const SweepCell *cell = sweep_cell(sweep, exponent, tensor);

    return cell->predicted ? cell->predicted_lost : (double)NAN;
}

static double over_of(const Sweep *sweep, int exponent, int tensor)
{
    double over = sweep_most_over(sweep, exponent);

    (void)tensor;
    return over > 0.0 ? over : (double)NAN;
}

typedef double Share(const Sweep *sweep, int exponent, int tensor);

static void draw_curve(const Sweep *sweep, int tensor, Share *share, bool dashed, Style style,
                       Canvas *plot)
{
    int cols = canvas_cols(plot);
    double *heights = xcalloc((size_t)cols + 1, sizeof *heights);

    for (int col = 0; col < cols; col++)
        heights[col] = height_of(share(sweep, exponent_of(sweep, col, cols), tensor));
    widget_curve(plot, heights, dashed, style);
    free(heights);
}

static void draw_labels(int rows, Canvas *canvas)
{
    static const char *const labels[] = {"100%", "1%", "1e-4", "1e-6"};
    enum { LABELS = sizeof labels / sizeof labels[0] };

    widget_axis(canvas, 1, rows, GUTTER);
    for (int i = 0; i < LABELS && rows > LABELS; i++)
        canvas_print(canvas, 1 + (i * (rows - 1) + (LABELS - 1) / 2) / (LABELS - 1), 0, STYLE_DIM,
                     "%*s", GUTTER - 2, labels[i]);
}

/* Exponents below the plot, a letter above them: what a scale there does. */
static void draw_foot(const Sweep *sweep, int row, int cols, Canvas *canvas)
{
    static const char letters[] = "-=!";
    static const Style styles[] = {STYLE_UNDERFLOW, STYLE_GOOD, STYLE_OVERFLOW};
    int behind = 0;

    canvas_print(canvas, row, 0, STYLE_DIM, "%*s", GUTTER - 2, "good");
    canvas_print(canvas, row + 1, 0, STYLE_DIM, "%*s", GUTTER - 2, "scale");
    for (int col = 0; col < cols; col++) {
        int exponent = exponent_of(sweep, col, cols);
        SweepGrade grade = sweep_grade(sweep, exponent);
        bool first = col == 0 || exponent_of(sweep, col - 1, cols) != exponent;

        canvas_put(canvas, row, GUTTER + col, styles[grade], (uint32_t)letters[grade]);
        if (first && col >= behind && cols - col >= 5) {
            (void)canvas_print(canvas, row + 1, GUTTER + col, STYLE_DIM, "2^%d", exponent);
            behind = col + TICK;
        }
    }
}

static void window_words(const Sweep *sweep, char line[LINE])
{
    int first, last;

    if (!sweep_window(sweep, &first, &last))
        text_copy(line, LINE, "no scale is good");
    else if (first == last)
        snprintf(line, LINE, "good: 2^%d", first);
    else
        snprintf(line, LINE, "good: 2^%d to 2^%d", first, last);
}

static void sweep_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    const Sweep *sweep = &snapshot->sweep;
    int cols = canvas_cols(canvas) - GUTTER, rows = canvas_rows(canvas) - 1 - BELOW, tensor;
    char left[LINE], right[LINE], step[NUMBER_TEXT];
    Canvas *plot;

    if (sweep->id == 0 || sweep->tensor_count == 0) {
        widget_heading(canvas, sweep_panel.title, "", "");
        widget_notice(canvas, STYLE_DIM, "nothing is swept yet: sweep scale");
        return;
    }
    tensor = focus_of(sweep, gaze);
    window_words(sweep, right);
    snprintf(left, LINE, "%s  %s  after step %s", sweep->names[tensor], format_name(sweep->format),
             words_count(sweep->step, step));
    widget_heading(canvas, sweep_panel.title, left, right);
    if (rows < 1 || cols < 1)
        return;
    plot = canvas_window(canvas, 1, GUTTER, rows, cols);
    draw_curve(sweep, tensor, predicted_of, true, STYLE_DIM, plot);
    draw_curve(sweep, tensor, lost_of, false, STYLE_UNDERFLOW, plot);
    draw_curve(sweep, tensor, over_of, false, STYLE_OVERFLOW, plot);
    canvas_free(plot);
    draw_labels(rows, canvas);
    draw_foot(sweep, 1 + rows, cols, canvas);
}

const Panel sweep_panel = {
    .name = "sweep",
    .title = "sweep",
    .summary = "lost mass and overflow at every loss scale, as sweep scale found them",
    .rows = 13,
    .min_cols = 30,
    .draw = sweep_draw,
};
