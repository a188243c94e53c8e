/* The loss scale: where it stands, what moves it next, and its past beside the skipped steps. */
#include "view/panels.h"

#include "base/memory.h"
#include "view/timeline.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUTTER = 8, LINE = 120 };

typedef struct Range {
    double low, high, step; /* log2, whole numbers; step: from one row to the next */
} Range;

/* What is not as it is in PyTorch, or as it should be. */
static const char *odd_words(const ScalerFacts *scaler, char line[LINE])
{
    bool dynamic = scaler->mode == SCALER_DYNAMIC;
    char floor[NUMBER_TEXT];
    int used = snprintf(line, LINE, "%s%s", scaler->take_all ? ", skip off" : "",
                        scaler->leave_scaled ? ", unscale off" : "");

    if (scaler->floor > 0.0f && dynamic)
        used += snprintf(line + used, (size_t)(LINE - used), ", floor %s",
                         words_scale(scaler->floor, floor));
    if (scaler->hysteresis > 1 && dynamic)
        snprintf(line + used, (size_t)(LINE - used), ", %d of %d overflows borne",
                 (int)scaler->spent, (int)scaler->hysteresis - 1);
    return line;
}

static void present_words(const ScalerFacts *scaler, char line[LINE])
{
    char odd[LINE], scale[NUMBER_TEXT], done[NUMBER_TEXT], interval[NUMBER_TEXT],
        growth[NUMBER_TEXT];

    words_scale(scaler->scale, scale);
    if (scaler->mode == SCALER_OFF)
        text_copy(line, LINE, "off: gradients are stored as they are");
    else if (scaler->mode == SCALER_STATIC)
        snprintf(line, LINE, "%s static%s: stays as it was set", scale, odd_words(scaler, odd));
    else
        snprintf(line, LINE, "%s dynamic%s, %s of %s clean steps to x%s", scale,
                 odd_words(scaler, odd), words_count(scaler->tracker, done),
                 words_count(scaler->interval, interval), words_real(scaler->growth, 6, growth));
}

static void past_words(const Snapshot *snapshot, char line[LINE])
{
    char skips[NUMBER_TEXT], growths[NUMBER_TEXT];

    words_count(snapshot->skipped, skips);
    if (snapshot->scaler.mode == SCALER_DYNAMIC)
        snprintf(line, LINE, "skipped %s, grown %s", skips,
                 words_count(snapshot->scaler.growths, growths));
    else
        snprintf(line, LINE, "skipped %s", skips);
}

static void take_in(Range *range, float low, float high)
{
    if (!(low > 0.0f) || !isfinite(high))
        return;
    range->low = fmin(range->low, floor(log2((double)low)));
    range->high = fmax(range->high, ceil(log2((double)high)));
}

/* Whole powers of two, the same number of them from each row to the next. Scales that did not last
 * to the end of their column count too, unless each power could have its row without them. */
static Range range_of(const Timeline *timeline, int rows)
{
    Range lasting = {.low = HUGE_VAL, .high = -HUGE_VAL}, range = lasting;
    int gaps = rows > 1 ? rows - 1 : 1;
    Bucket bucket;

    for (int col = 0; col < timeline->columns; col++) {
        if (!timeline_bucket(timeline, col, &bucket))
            continue;
        take_in(&lasting, bucket.scale_last, bucket.scale_last);
        take_in(&range, bucket.scale_low, bucket.scale_high);
    }
    if (range.high - range.low > gaps && lasting.high - lasting.low <= gaps)
        range = lasting;
    if (range.low > range.high)
        range.low = range.high = 0.0;
    range.step = fmax(1.0, ceil((range.high - range.low) / gaps));
    range.low -= floor((range.step * gaps - (range.high - range.low)) / 2.0);
    range.high = range.low + range.step * gaps;
    return range;
}

static double height_of(float scale, Range range)
{
    double level = log2((double)scale);

    return isfinite(level) ? (level - range.low) / (range.high - range.low) : (double)NAN;
}

/* A change that was undone within one column still shows, as an upright line; where it went beyond
 * the plot, that ends in a sign. A scale of 0 is no power of two, and so beyond every plot. */
static void draw_excursion(const Bucket *bucket, int col, Range range, Canvas *plot)
{
    double low = height_of(bucket->scale_low, range), high = height_of(bucket->scale_high, range);

    widget_span(plot, col, low, high, STYLE_GOOD);
    if (high > 1.0)
        canvas_put(plot, 0, col, STYLE_GOOD, '^');
    if (low < 0.0 || bucket->scale_low == 0.0f)
        canvas_put(plot, canvas_rows(plot) - 1, col, STYLE_GOOD, 'v');
}

static void draw_stairs(const Timeline *timeline, Range range, Canvas *plot)
{
    double *heights = xcalloc((size_t)timeline->columns + 1, sizeof *heights);
    Bucket bucket;

    for (int col = 0; col < timeline->columns; col++) {
        bool found = timeline_bucket(timeline, col, &bucket);

        heights[col] = found ? height_of(bucket.scale_last, range) : (double)NAN;
    }
    widget_stairs(plot, heights, STYLE_GOOD);
    for (int col = 0; col < timeline->columns; col++) {
        if (timeline_bucket(timeline, col, &bucket))
            draw_excursion(&bucket, col, range, plot);
    }
    free(heights);
}

static void draw_labels(Range range, int rows, Canvas *canvas)
{
    char label[NUMBER_TEXT];

    widget_axis(canvas, 1, rows, GUTTER);
    for (int row = 0; row < rows; row++) {
        snprintf(label, sizeof label, "2^%d", (int)(range.high - row * range.step));
        canvas_print(canvas, 1 + row, 0, STYLE_DIM, "%*s", GUTTER - 2, label);
    }
}

static void draw_skips(const Timeline *timeline, int row, Canvas *canvas)
{
    canvas_print(canvas, row, 0, STYLE_DIM, "%*s", GUTTER - 2, "skips");
    widget_axis(canvas, row, 1, GUTTER);
    for (int col = 0; col < timeline->columns; col++) {
        Bucket bucket;

        if (timeline_bucket(timeline, col, &bucket) && bucket.skipped > 0)
            canvas_put(canvas, row, GUTTER + col, STYLE_BAD, 'x');
    }
}

static void draw_past(const Snapshot *snapshot, Canvas *canvas)
{
    Timeline timeline = timeline_of(&snapshot->history, canvas_cols(canvas) - GUTTER);
    int stairs = canvas_rows(canvas) - 2;
    Canvas *plot = canvas_window(canvas, 1, GUTTER, stairs, timeline.columns);
    Range range = range_of(&timeline, stairs);

    draw_stairs(&timeline, range, plot);
    draw_labels(range, stairs, canvas);
    draw_skips(&timeline, 1 + stairs, canvas);
    canvas_free(plot);
}

static void scale_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    char left[LINE], right[LINE];

    (void)gaze;
    present_words(&snapshot->scaler, left);
    past_words(snapshot, right);
    widget_heading(canvas, scale_panel.title, left, right);
    if (snapshot->history.steps == 0)
        widget_notice(canvas, STYLE_DIM, "no steps yet");
    else if (canvas_rows(canvas) >= 3 && canvas_cols(canvas) > GUTTER)
        draw_past(snapshot, canvas);
}

const Panel scale_panel = {
    .name = "scale",
    .title = "scale",
    .summary = "the loss scale over the run, with the skipped steps",
    .rows = 8,
    .min_cols = 24,
    .draw = scale_draw,
};
