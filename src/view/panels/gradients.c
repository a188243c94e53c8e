/* The exponents of one tensor before its cast, over the zones of the format it is stored in. */
#include "view/panels.h"

#include "view/bins.h"
#include "view/facts.h"
#include "view/items.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GUTTER = 5, LABEL = 64, HEADING = 160, TICK_EVERY = 8, TICK_MOST = 152 };

/* Rows below the heading, dropped from the last one up where there are too few. */
typedef struct Rows {
    int bars, zones, ticks, counts;
} Rows;

typedef struct Picture {
    const TensorFacts *tensor;
    Bins bins;
    int shift; /* what is added to a stored exponent to show it */
    Rows rows;
    Canvas *canvas;
} Picture;

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

static bool is_grad(const TensorFacts *tensor)
{
    return tensor->kind == TENSOR_ACTIVATION_GRAD || tensor->kind == TENSOR_WEIGHT_GRAD;
}

/* What the exponents on the axis are exponents of. */
static void axis_words(const TensorFacts *tensor, float scale, bool true_values, char *text)
{
    char power[NUMBER_TEXT];

    if (!tensor->scaled || scale == 1.0f)
        text_copy(text, LABEL, "true values");
    else if (true_values)
        snprintf(text, LABEL, "true values = stored / %s", words_scale(scale, power));
    else
        snprintf(text, LABEL, "stored = %s x %s", is_grad(tensor) ? "grad" : "value",
                 words_scale(scale, power));
}

/* Returns whether there was room for what the axis shows. */
static bool draw_heading(const TensorFacts *tensor, const char *axis, Canvas *canvas)
{
    char left[HEADING], count[NUMBER_TEXT];

    snprintf(left, sizeof left, "%s  %s  %s values", tensor->name, format_name(tensor->format),
             words_count(tensor->count, count));
    return widget_heading(canvas, gradients_panel.title, left, axis);
}

static void add_count(Items *items, const char *name, int64_t count, Style style, const char *share)
{
    char number[NUMBER_TEXT];
    Style shown = count > 0 ? style : STYLE_DIM;

    words_count(count, number);
    if (count > 0 && share[0] != '\0')
        items_add(items, 0, shown, "%s %s (%s)", name, number, share);
    else
        items_add(items, 0, shown, "%s %s", name, number);
}

/* `axis` comes first where the heading had no room for it. */
static Items count_items(const TensorFacts *tensor, const char *axis)
{
    const int64_t *classes = tensor->counts.classes;
    char share[NUMBER_TEXT], of_nonzero[LABEL];
    Items items = {0};

    if (axis[0] != '\0')
        items_add(&items, 0, STYLE_PLAIN, "%s", axis);
    add_count(&items, "zero", classes[CAST_ZERO], STYLE_PLAIN,
              words_share(facts_zero(tensor), share));
    snprintf(of_nonzero, sizeof of_nonzero, "%s of nonzero",
             words_share(facts_underflow(tensor), share));
    add_count(&items, "underflow", classes[CAST_UNDERFLOW], STYLE_UNDERFLOW, of_nonzero);
    items_add(&items, 0, classes[CAST_UNDERFLOW] > 0 ? STYLE_UNDERFLOW : STYLE_DIM, "lost mass %s",
              words_share(facts_lost(tensor), share));
    add_count(&items, "subnormal", classes[CAST_SUBNORMAL], STYLE_SUBNORMAL,
              words_share(facts_subnormal(tensor), share));
    add_count(&items, "overflow", classes[CAST_OVERFLOW], STYLE_BAD, "");
    add_count(&items, "inf", classes[CAST_INF], STYLE_BAD, "");
    add_count(&items, "nan", classes[CAST_NAN], STYLE_BAD, "");
    return items;
}

static Rows rows_for(int rows, int count_rows)
{
    Rows given = {0};

    given.counts = rows >= 6 ? rows / 3 : rows >= 3;
    if (given.counts > count_rows)
        given.counts = count_rows;
    given.zones = rows - given.counts >= 2;
    given.ticks = rows - given.counts >= 4;
    given.bars = rows - given.counts - given.zones - given.ticks;
    if (given.bars < 0)
        given.bars = 0;
    return given;
}

static void draw_bars(const Picture *picture)
{
    const Bins *bins = &picture->bins;
    const CastCounts *counts = &picture->tensor->counts;
    Canvas *plot =
        canvas_window(picture->canvas, 1, GUTTER, picture->rows.bars, picture->bins.columns);

    for (int col = 0; col < bins->columns; col++) {
        double height = bins_height(bins_count(bins, counts, col), counts->count);

        widget_bar(plot, col, height, zones[bins_zone(bins, picture->tensor->format, col)].style);
    }
    canvas_free(plot);
}

/* Labels 1, 10, 100, 1k ... where a bar of so many values ends. */
static void draw_gutter(const Picture *picture)
{
    int64_t most = picture->tensor->counts.count;
    int bars = picture->rows.bars, above = bars + 1;
    char label[NUMBER_TEXT];

    widget_axis(picture->canvas, 1, bars, GUTTER);
    for (int64_t decade = 1; decade <= most; decade *= 10) {
        int row = bars - (int)ceil(bins_height(decade, most) * bars) + 1;

        if (row >= 1 && row < above) {
            canvas_print(picture->canvas, row, 0, STYLE_DIM, "%*s", GUTTER - 1,
                         words_tick(decade, label));
            above = row;
        }
    }
}

static void draw_zones(const Picture *picture, int row)
{
    const Bins *bins = &picture->bins;
    Format format = picture->tensor->format;
    int from = 0;

    for (int col = 0; col < bins->columns; col++) {
        Zone zone = bins_zone(bins, format, col);
        int wide = col + 1 - from, name = (int)strlen(zones[zone].name);

        canvas_put(picture->canvas, row, GUTTER + col, zones[zone].style,
                   (uint32_t)zones[zone].letter);
        if (col + 1 < bins->columns && bins_zone(bins, format, col + 1) == zone)
            continue;
        if (wide >= name + 2)
            canvas_print(picture->canvas, row, GUTTER + from + (wide - name) / 2, zones[zone].style,
                         "%s", zones[zone].name);
        from = col + 1;
    }
}

static bool is_blank(const Canvas *canvas, int row, int col, int cols)
{
    for (int i = 0; i < cols; i++) {
        if (col + i < 0 || canvas_cell(canvas, row, col + i).rune != ' ')
            return false;
    }
    return true;
}

/* A label begins below its exponent's column; it is left out where it would touch another. */
static void draw_tick(const Picture *picture, int row, int exponent)
{
    char label[NUMBER_TEXT];
    int column = bins_column(&picture->bins, exponent), cols, col;

    if (column < 0)
        return;
    cols = snprintf(label, sizeof label, "2^%d", exponent + picture->shift);
    col = GUTTER + column;
    if (col + cols > canvas_cols(picture->canvas))
        return;
    if (is_blank(picture->canvas, row, col - 1, cols + 2))
        canvas_print(picture->canvas, row, col, STYLE_DIM, "%s", label);
}

/* The edges of the format first, then round numbers as there is room. */
static void draw_ticks(const Picture *picture, int row)
{
    const FormatInfo *info = &format_table[picture->tensor->format];
    const Bins *bins = &picture->bins;

    draw_tick(picture, row, info->min_exponent);
    draw_tick(picture, row, info->least_exponent);
    draw_tick(picture, row, info->max_exponent);
    draw_tick(picture, row, bins->low);
    draw_tick(picture, row, 0);
    for (int exponent = -TICK_MOST; exponent <= TICK_MOST; exponent += TICK_EVERY)
        draw_tick(picture, row, exponent);
}

static void draw_counts(const Items *items, int row, int rows, Canvas *canvas)
{
    Canvas *window = canvas_window(canvas, row, 0, rows, canvas_cols(canvas));

    items_flow(items, window);
    canvas_free(window);
}

static void draw_picture(const TensorFacts *tensor, int shift, const Items *items, Canvas *canvas)
{
    int cols = canvas_cols(canvas);
    Picture picture = {.tensor = tensor, .shift = shift, .canvas = canvas};
    int row;

    picture.rows = rows_for(canvas_rows(canvas) - 1, items_lines(items, cols));
    picture.bins = bins_fit(tensor->format, cols > GUTTER ? cols - GUTTER : 1);
    row = 1 + picture.rows.bars;
    if (tensor->starved_by[0] != '\0') {
        char notice[HEADING];

        snprintf(notice, sizeof notice, "starved: all lost upstream at %s", tensor->starved_by);
        widget_notice(canvas, STYLE_BAD, notice);
    } else {
        draw_bars(&picture);
        draw_gutter(&picture);
    }
    if (picture.rows.zones > 0)
        draw_zones(&picture, row++);
    if (picture.rows.ticks > 0)
        draw_ticks(&picture, row++);
    if (picture.rows.counts > 0)
        draw_counts(items, row, picture.rows.counts, canvas);
}

static void gradients_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    const TensorFacts *tensor = gaze_tensor(gaze, snapshot);
    float scale = facts_scale_used(snapshot);
    char axis[LABEL];
    int shift = 0;
    Items items;

    if (tensor == NULL) {
        widget_heading(canvas, gradients_panel.title, "", "");
        widget_notice(canvas, STYLE_DIM, "no gradients yet: choose net and data, then step");
        return;
    }
    axis_words(tensor, scale, gaze->true_values, axis);
    if (draw_heading(tensor, axis, canvas))
        axis[0] = '\0';
    if (!tensor->probed) {
        widget_uncounted(snapshot, tensor, canvas);
        return;
    }
    if (gaze->true_values && tensor->scaled && scale > 0.0f)
        shift = -(int)lrint(log2((double)scale));
    items = count_items(tensor, axis);
    draw_picture(tensor, shift, &items, canvas);
}

const Panel gradients_panel = {
    .name = "gradients",
    .title = "gradients",
    .summary = "exponents of one tensor before its cast, and what its format makes of them",
    .rows = 13,
    .min_cols = 24,
    .draw = gradients_draw,
};
