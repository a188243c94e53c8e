/* The loss over the run, the newest step at the right edge. */
#include "view/panels.h"

#include "base/memory.h"
#include "view/status.h"
#include "view/timeline.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { GUTTER = 8, LINE = 120 };

typedef struct Range {
    double low, high;
} Range;

/* Mean of the finite losses of a column; nan where there is none. */
static double loss_at(const Timeline *timeline, int col)
{
    Bucket bucket;

    if (!timeline_bucket(timeline, col, &bucket) || bucket.loss_count == 0)
        return (double)NAN;
    return bucket.loss_sum / (double)bucket.loss_count;
}

static void take_in(const Timeline *timeline, Range *range)
{
    for (int col = 0; col < timeline->columns; col++) {
        double loss = loss_at(timeline, col);

        if (!isnan(loss)) {
            range->low = fmin(range->low, loss);
            range->high = fmax(range->high, loss);
        }
    }
}

static void draw_curve(const Timeline *timeline, Range range, bool dashed, Style style,
                       Canvas *plot)
{
    double *heights = xcalloc((size_t)timeline->columns + 1, sizeof *heights);
    double span = range.high > range.low ? range.high - range.low : 1.0;

    for (int col = 0; col < timeline->columns; col++)
        heights[col] = (loss_at(timeline, col) - range.low) / span;
    widget_curve(plot, heights, dashed, style);
    free(heights);
}

static void draw_labels(Range range, int rows, Canvas *canvas)
{
    char label[NUMBER_TEXT];

    widget_axis(canvas, 1, rows, GUTTER);
    if (range.low > range.high)
        return;
    canvas_print(canvas, rows, 0, STYLE_DIM, "%*s", GUTTER - 2,
                 words_real(range.low, GUTTER - 2, label));
    if (rows > 1 && range.high > range.low)
        canvas_print(canvas, 1, 0, STYLE_DIM, "%*s", GUTTER - 2,
                     words_real(range.high, GUTTER - 2, label));
}

/* Returns whether there was one. */
static bool draw_marks(const Timeline *timeline, Canvas *plot)
{
    bool any = false;

    for (int col = 0; col < timeline->columns; col++) {
        Bucket bucket;

        if (timeline_bucket(timeline, col, &bucket) && bucket.loss_count < bucket.count) {
            canvas_put(plot, 0, col, STYLE_BAD, '!');
            any = true;
        }
    }
    return any;
}

static void draw_heading(const Snapshot *snapshot, const char *right, Canvas *canvas)
{
    char left[LINE], loss[NUMBER_TEXT], batch[NUMBER_TEXT];
    int64_t steps = snapshot->history.steps < LOSS_WINDOW ? snapshot->history.steps : LOSS_WINDOW;

    if (snapshot->loss.none)
        text_copy(left, sizeof left, "not measured");
    else
        snprintf(left, sizeof left, "%s, mean of the last %d; newest %s",
                 words_measure(snapshot->loss, loss), (int)steps,
                 words_measure(snapshot->batch_loss, batch));
    widget_heading(canvas, loss_panel.title, left, right);
}

static const Range no_range = {HUGE_VAL, -HUGE_VAL};

static void loss_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    Timeline timeline = timeline_of(&snapshot->history, canvas_cols(canvas) - GUTTER);
    int rows = canvas_rows(canvas) - 1;
    char span[LINE], right[LINE];
    Range range = no_range;
    Canvas *plot;

    (void)gaze;
    if (snapshot->history.steps == 0) {
        widget_heading(canvas, loss_panel.title, "", "");
        widget_notice(canvas, STYLE_DIM, "no steps yet");
        return;
    }
    if (rows < 1 || timeline.columns < 1) {
        draw_heading(snapshot, "", canvas);
        return;
    }
    plot = canvas_window(canvas, 1, GUTTER, rows, timeline.columns);
    take_in(&timeline, &range);
    draw_curve(&timeline, range, false, STYLE_GOOD, plot);
    snprintf(right, sizeof right, "%s%s", draw_marks(&timeline, plot) ? "! inf or nan, " : "",
             timeline_words(&timeline, span, sizeof span));
    draw_heading(snapshot, right, canvas);
    draw_labels(range, rows, canvas);
    canvas_free(plot);
}

/* "a solid 0.4176, b dashed 0.4180; parted at step 311" */
static void draw_heading_two(const Scene *scene, const char *right, Canvas *canvas)
{
    char left[2 * LINE], losses[2][NUMBER_TEXT], parted[LINE];

    snprintf(left, sizeof left, "%s solid %s, %s dashed %s; %s", scene->left->run_name,
             words_measure(scene->left->loss, losses[0]), scene->right->run_name,
             words_measure(scene->right->loss, losses[1]),
             status_difference(scene, parted, sizeof parted));
    widget_heading(canvas, loss_panel.title, left, right);
}

/* An upright line where the two parted. */
static void draw_parting(const Scene *scene, const Timeline *timeline, Canvas *plot)
{
    int col = scene->differ < 0 ? -1 : timeline_column(timeline, scene->differ);

    if (col >= 0)
        widget_span(plot, col, 0.0, 1.0, STYLE_DIM);
}

static void loss_draw_two(const Scene *scene, const Gaze *gaze, Canvas *canvas)
{
    const History *longer = scene->left->history.steps >= scene->right->history.steps
                                ? &scene->left->history
                                : &scene->right->history;
    Timeline axis = timeline_of(longer, canvas_cols(canvas) - GUTTER);
    Timeline runs[] = {timeline_beside(&axis, &scene->left->history),
                       timeline_beside(&axis, &scene->right->history)};
    int rows = canvas_rows(canvas) - 1;
    char span[LINE], right[LINE];
    Range range = no_range;
    Canvas *plot = canvas_window(canvas, 1, GUTTER, rows, axis.columns);
    bool marks = false;

    (void)gaze;
    for (int i = 0; i < 2; i++)
        take_in(&runs[i], &range);
    for (int i = 1; i >= 0; i--) {
        draw_curve(&runs[i], range, i == 1, i == 1 ? STYLE_RIGHT : STYLE_LEFT, plot);
        marks |= draw_marks(&runs[i], plot);
    }
    draw_parting(scene, &axis, plot);
    snprintf(right, sizeof right, "%s%s", marks ? "! inf or nan, " : "",
             timeline_words(&axis, span, sizeof span));
    draw_heading_two(scene, longer->steps > 0 ? right : "", canvas);
    draw_labels(range, rows, canvas);
    canvas_free(plot);
}

const Panel loss_panel = {
    .name = "loss",
    .title = "loss",
    .summary = "the training loss over the run",
    .rows = 10,
    .min_cols = 24,
    .draw = loss_draw,
    .draw_two = loss_draw_two,
};
