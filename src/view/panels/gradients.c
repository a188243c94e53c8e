/* The exponents of one tensor before its cast, over the zones of the format it is stored in. */
#include "view/panels.h"

#include "view/facts.h"
#include "view/histogram.h"
#include "view/items.h"
#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>

enum { GUTTER = HISTOGRAM_GUTTER, LABEL = 64, HEADING = 160 };

/* Two runs have bars of the same height, and so as many rows of counts. */
enum { TWO_COUNTS = 3 };

/* Rows below the heading, dropped from the last one up where there are too few. */
typedef struct Rows {
    int bars, zones, ticks, counts;
} Rows;

/* What the exponents on the axis are exponents of. */
static void axis_words(const TensorFacts *tensor, float factor, bool true_values, char *text)
{
    char power[NUMBER_TEXT];

    if (factor == 1.0f)
        text_copy(text, LABEL, "true values");
    else if (true_values)
        snprintf(text, LABEL, "true values = stored / %s", words_scale(factor, power));
    else
        snprintf(text, LABEL, "stored = %s x %s", tensor_is_grad(tensor) ? "grad" : "value",
                 words_scale(factor, power));
}

/* Returns whether there was room for what the axis shows. */
static bool draw_heading(const char *title, const TensorFacts *tensor, const char *axis,
                         Canvas *canvas)
{
    char left[HEADING], count[NUMBER_TEXT];

    snprintf(left, sizeof left, "%s  %s  %s values", tensor->name, format_name(tensor->format),
             words_count(tensor->count, count));
    return widget_heading(canvas, title, left, axis);
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

static void draw_counts(const Items *items, int row, int rows, Canvas *canvas)
{
    Canvas *window = canvas_window(canvas, row, 0, rows, canvas_cols(canvas));

    items_flow(items, window);
    canvas_free(window);
}

static void draw_bars(const Histogram *histogram, int rows, Canvas *canvas)
{
    Canvas *plot = canvas_window(canvas, 1, GUTTER, rows, histogram->bins.columns);

    histogram_bars(histogram, plot);
    histogram_gutter(histogram, 1, rows, canvas);
    canvas_free(plot);
}

/* `count_rows`: wanted for the items. */
static void draw_picture(const Histogram *histogram, const Items *items, int count_rows,
                         Canvas *canvas)
{
    const TensorFacts *tensor = histogram->tensor;
    Rows rows = rows_for(canvas_rows(canvas) - 1, count_rows);
    int row = 1 + rows.bars;

    if (tensor->starved_by[0] != '\0') {
        char notice[HEADING];

        snprintf(notice, sizeof notice, "starved: all lost upstream at %s", tensor->starved_by);
        widget_notice(canvas, STYLE_BAD, notice);
    } else {
        draw_bars(histogram, rows.bars, canvas);
    }
    if (rows.zones > 0)
        histogram_zones(histogram, row++, GUTTER, canvas);
    if (rows.ticks > 0)
        histogram_ticks(histogram, row++, GUTTER, canvas);
    if (rows.counts > 0)
        draw_counts(items, row, rows.counts, canvas);
}

static const char *const titles[] = {
    [TENSOR_INPUT] = "inputs",           [TENSOR_WEIGHT] = "weights",
    [TENSOR_ACTIVATION] = "activations", [TENSOR_ACTIVATION_GRAD] = "gradients",
    [TENSOR_WEIGHT_GRAD] = "gradients",  [TENSOR_UPDATE] = "updates",
};

/* One run of the scene on all of the canvas. */
static void draw_run(const Scene *scene, bool right, const Gaze *gaze, Canvas *canvas)
{
    const Snapshot *snapshot = right ? scene->right : scene->left;
    const TensorFacts *tensor = histogram_focus(scene, right, gaze);
    const char *title = scene->right != NULL ? snapshot->run_name
                        : tensor == NULL     ? gradients_panel.title
                                             : titles[tensor->kind];
    Histogram histogram;
    char axis[LABEL];
    Items items;

    if (tensor == NULL) {
        widget_heading(canvas, title, "", "");
        widget_notice(canvas, STYLE_DIM,
                      right ? "no such tensor in this run"
                            : "no gradients yet: choose net and data, then step");
        return;
    }
    axis_words(tensor, facts_factor(snapshot, tensor), gaze->true_values, axis);
    if (draw_heading(title, tensor, axis, canvas))
        axis[0] = '\0';
    if (!tensor->probed) {
        widget_uncounted(snapshot, tensor, canvas);
        return;
    }
    histogram = histogram_of(scene, right, gaze, tensor, canvas_cols(canvas) - GUTTER);
    items = count_items(tensor, axis);
    draw_picture(&histogram, &items,
                 scene->right != NULL ? TWO_COUNTS : items_lines(&items, canvas_cols(canvas)),
                 canvas);
}

static void gradients_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    draw_run(&(Scene){.left = snapshot, .differ = -1}, false, gaze, canvas);
}

static void gradients_draw_two(const Scene *scene, const Gaze *gaze, Canvas *canvas)
{
    panel_halves(scene, gaze, canvas, draw_run);
}

const Panel gradients_panel = {
    .name = "gradients",
    .title = "gradients",
    .summary = "exponents of one tensor before its cast, and what its format makes of them",
    .rows = 13,
    .min_cols = 24,
    .draw = gradients_draw,
    .draw_two = gradients_draw_two,
};
