#include "view/histogram.h"

#include "view/facts.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TICK_EVERY = 8, TICK_MOST = 152, BEYOND = 1000, EXTEND = 8 };

static const struct {
    const char *name;
    Style style;
    char letter;
} zones[] = {
    [ZONE_UNDERFLOW] = {" underflow ", STYLE_UNDERFLOW, 'u'},
    [ZONE_SUBNORMAL] = {" subnormal ", STYLE_SUBNORMAL, 's'},
    [ZONE_NORMAL] = {" normal ", STYLE_NORMAL, 'n'},
    [ZONE_OVERFLOW] = {" overflow ", STYLE_OVERFLOW, '!'},
};

Style histogram_style(Zone zone)
{
    return zones[zone].style;
}

const TensorFacts *histogram_focus(const Scene *scene, bool right, const Gaze *gaze)
{
    const TensorFacts *left = gaze_tensor(gaze, scene->left);

    if (!right)
        return left;
    return left == NULL ? gaze_tensor(gaze, scene->right)
                        : snapshot_tensor(scene->right, left->name);
}

static int shift_of(const Snapshot *snapshot, const Gaze *gaze, const TensorFacts *tensor)
{
    return gaze->true_values ? facts_shift(snapshot, tensor) : 0;
}

/* The exponent with at most a thousandth of the values before it, from one end. */
static int end_of(const CastCounts *counts, int from, int step)
{
    int64_t all = 0, passed = 0;
    int at = from;

    for (int i = 0; i < EXPONENT_BINS; i++)
        all += counts->histogram[i];
    for (; at + step >= EXPONENT_LEAST && at + step <= EXPONENT_MOST; at += step) {
        passed += counts->histogram[at - EXPONENT_LEAST];
        if (passed * BEYOND > all)
            break;
    }
    return at;
}

/* Widens the range to what the values need, in whole strides: it is to stand still while they move a
 * little. */
static void take_in(Bins *range, const CastCounts *counts)
{
    int low = end_of(counts, EXPONENT_LEAST, 1), high = end_of(counts, EXPONENT_MOST, -1);

    if (low > high)
        return;
    while (range->low > low)
        range->low -= EXTEND;
    while (range->high < high)
        range->high += EXTEND;
}

/* That of the format, or of a wide one no more than fp16's and what the values need: so a picture
 * stays where it is when fp16 becomes bf16, and only its zones change. */
static Bins range_of(const TensorFacts *tensor)
{
    Bins whole = bins_fit(tensor->format, 1), range = bins_fit(FORMAT_FP16, 1);

    if (whole.high - whole.low <= range.high - range.low)
        return whole;
    take_in(&range, &tensor->counts);
    range.low = range.low < whole.low ? whole.low : range.low;
    range.high = range.high > whole.high ? whole.high : range.high;
    return range;
}

Bins histogram_bins(const TensorFacts *tensor, int columns)
{
    Bins range = range_of(tensor);

    return bins_between(range.low, range.high, columns < 1 ? 1 : columns);
}

/* Of shown exponents, what either run needs. */
static Bins shared_range(const Scene *scene, const Gaze *gaze)
{
    const TensorFacts *left = histogram_focus(scene, false, gaze),
                      *right = histogram_focus(scene, true, gaze);
    int shifts[2] = {shift_of(scene->left, gaze, left), shift_of(scene->right, gaze, right)};
    Bins a = range_of(left), b = range_of(right), range = a;

    range.low = a.low + shifts[0] < b.low + shifts[1] ? a.low + shifts[0] : b.low + shifts[1];
    range.high = a.high + shifts[0] > b.high + shifts[1] ? a.high + shifts[0] : b.high + shifts[1];
    return range;
}

Histogram histogram_of(const Scene *scene, bool right, const Gaze *gaze, const TensorFacts *tensor,
                       int columns)
{
    Histogram histogram = {.tensor = tensor, .linear = gaze->linear};
    bool both = scene->right != NULL && histogram_focus(scene, false, gaze) != NULL &&
                histogram_focus(scene, true, gaze) != NULL;
    Bins range;

    histogram.shift = shift_of(right ? scene->right : scene->left, gaze, tensor);
    histogram.bins = histogram_bins(tensor, columns);
    if (both) {
        range = shared_range(scene, gaze);
        histogram.bins = bins_between(range.low - histogram.shift, range.high - histogram.shift,
                                      columns < 1 ? 1 : columns);
    }
    return histogram;
}

static int64_t most_in(const Histogram *histogram)
{
    int64_t most = 0;

    if (!histogram->linear)
        return histogram->tensor->counts.count;
    for (int col = 0; col < histogram->bins.columns; col++) {
        int64_t count = bins_count(&histogram->bins, &histogram->tensor->counts, col);

        most = count > most ? count : most;
    }
    return most;
}

static double height_of(const Histogram *histogram, int64_t count, int64_t most)
{
    if (histogram->linear)
        return most > 0 ? (double)count / (double)most : 0.0;
    return bins_height(count, most);
}

void histogram_bars(const Histogram *histogram, Canvas *plot)
{
    const Bins *bins = &histogram->bins;
    const TensorFacts *tensor = histogram->tensor;
    int64_t most = most_in(histogram);

    for (int col = 0; col < bins->columns; col++)
        widget_bar(plot, col, height_of(histogram, bins_count(bins, &tensor->counts, col), most),
                   zones[bins_zone_held(bins, tensor->format, &tensor->counts, col)].style);
}

/* Returns the row that was labelled, or `above`: no label may stand there or higher. */
static int label(const Histogram *histogram, int64_t count, int row, int rows, int above,
                 Canvas *canvas)
{
    int at = row + rows - (int)ceil(height_of(histogram, count, most_in(histogram)) * rows);
    char text[NUMBER_TEXT];

    if (at < row || at >= above)
        return above;
    canvas_print(canvas, at, 0, STYLE_DIM, "%*s", HISTOGRAM_GUTTER - 1, words_tick(count, text));
    return at;
}

void histogram_gutter(const Histogram *histogram, int row, int rows, Canvas *canvas)
{
    int64_t most = most_in(histogram);
    int above = row + rows;

    widget_axis(canvas, row, rows, HISTOGRAM_GUTTER);
    if (histogram->linear && most > 0)
        (void)label(histogram, most, row, rows, above, canvas);
    for (int64_t decade = 1; decade <= most && !histogram->linear; decade *= 10)
        above = label(histogram, decade, row, rows, above, canvas);
}

void histogram_zones(const Histogram *histogram, int row, int col, Canvas *canvas)
{
    const Bins *bins = &histogram->bins;
    Format format = histogram->tensor->format;
    int from = 0;

    for (int i = 0; i < bins->columns; i++) {
        Zone zone = bins_zone(bins, format, i);
        int wide = i + 1 - from, name = (int)strlen(zones[zone].name);

        canvas_put(canvas, row, col + i, zones[zone].style, (uint32_t)zones[zone].letter);
        if (i + 1 < bins->columns && bins_zone(bins, format, i + 1) == zone)
            continue;
        if (wide >= name + 2)
            canvas_print(canvas, row, col + from + (wide - name) / 2, zones[zone].style, "%s",
                         zones[zone].name);
        from = i + 1;
    }
}

static bool is_blank(const Canvas *canvas, int row, int col, int cols)
{
    for (int i = 0; i < cols; i++) {
        if (col + i >= 0 && col + i < canvas_cols(canvas) &&
            canvas_cell(canvas, row, col + i).rune != ' ')
            return false;
    }
    return true;
}

/* A label begins below its exponent's column; it is left out where it would touch another. */
static void draw_tick(const Histogram *histogram, int row, int left, int exponent, Canvas *canvas)
{
    char text[NUMBER_TEXT];
    int column = bins_column(&histogram->bins, exponent), cols, col;

    if (column < 0)
        return;
    cols = snprintf(text, sizeof text, "2^%d", exponent + histogram->shift);
    col = left + column;
    if (col + cols <= canvas_cols(canvas) && is_blank(canvas, row, col - 1, cols + 2))
        canvas_print(canvas, row, col, STYLE_DIM, "%s", text);
}

void histogram_ticks(const Histogram *histogram, int row, int col, Canvas *canvas)
{
    const FormatInfo *info = &format_table[histogram->tensor->format];

    draw_tick(histogram, row, col, info->min_exponent, canvas);
    draw_tick(histogram, row, col, info->least_exponent, canvas);
    draw_tick(histogram, row, col, info->max_exponent, canvas);
    draw_tick(histogram, row, col, histogram->bins.low, canvas);
    draw_tick(histogram, row, col, 0, canvas);
    for (int exponent = -TICK_MOST; exponent <= TICK_MOST; exponent += TICK_EVERY)
        draw_tick(histogram, row, col, exponent, canvas);
}
