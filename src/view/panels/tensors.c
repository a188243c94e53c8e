/* All tensors that are counted, one a row: how much of each its cast lost. */
#include "view/panels.h"

#include "base/text.h"
#include "view/facts.h"
#include "view/histogram.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARK = 2, SPARK = 10, SPARK_MOST = 40, CELL = 48, NAME_NARROW = 16, EXTRA_RANK = 8 };

typedef enum Field {
    FIELD_NAME,
    FIELD_FORMAT,
    FIELD_ZERO,
    FIELD_UNDERFLOW,
    FIELD_LOST,
    FIELD_SUBNORMAL,
    FIELD_NONFINITE,
    FIELD_LARGEST,
    FIELD_BINS,
    FIELDS,
} Field;

typedef struct Column {
    const char *head;
    int width;          /* least; the name's follows from the names */
    int rank;           /* the highest are left out first */
    const char *narrow; /* the head where not all have room at that width */
    int narrow_width;
} Column;

static const Column columns[FIELDS] = {
    [FIELD_NAME] = {"tensor", 6, 0, "tensor", 6},
    [FIELD_FORMAT] = {"format", 6, 8, "form", 4},
    [FIELD_ZERO] = {"zero", 8, 6, "zero", 5},
    [FIELD_UNDERFLOW] = {"underflow", 9, 1, "under", 5},
    [FIELD_LOST] = {"lost mass", 9, 2, "lost", 5},
    [FIELD_SUBNORMAL] = {"subnormal", 9, 7, "subn", 5},
    [FIELD_NONFINITE] = {"nonfinite", 9, 3, "inf", 4},
    [FIELD_LARGEST] = {"largest", 7, 4, "max", 5},
    [FIELD_BINS] = {"exponents", SPARK, 5, "shape", 6},
};

typedef struct Table {
    bool narrow;
    int gap;
    int at[FIELDS]; /* column of the canvas where the field begins; -1: left out */
    int width[FIELDS];
} Table;

static const char *largest(const TensorFacts *tensor, char *text)
{
    if (tensor->counts.amax > 0.0f)
        snprintf(text, NUMBER_TEXT, "2^%d", ilogbf(tensor->counts.amax));
    else
        text_copy(text, NUMBER_TEXT, "none");
    return text;
}

/* In the room of a narrow column. */
static void shorten(const Table *table, char *number)
{
    if (!table->narrow || strlen(number) <= (size_t)columns[FIELD_ZERO].narrow_width)
        return;
    text_copy(number, NUMBER_TEXT, number[0] == '>' ? ">99%" : "<.1%");
}

/* The end of a name says more than its beginning. */
static void name_text(const Table *table, const TensorFacts *tensor, Glyphs glyphs, char *text)
{
    int over = (int)strlen(tensor->name) - table->width[FIELD_NAME];

    if (over > 0)
        snprintf(text, CELL, "%s%s", glyphs == GLYPHS_ASCII ? "~" : "\u2026",
                 tensor->name + over + 1);
    else
        text_copy(text, CELL, tensor->name);
}

static void field_text(const TensorFacts *tensor, Field field, const Table *table, char text[CELL])
{
    char number[NUMBER_TEXT] = "";

    switch (field) {
    case FIELD_FORMAT:
        text_copy(number, sizeof number, format_name(tensor->format));
        break;
    case FIELD_ZERO:
        words_share(facts_zero(tensor), number);
        break;
    case FIELD_UNDERFLOW:
        words_share(facts_underflow(tensor), number);
        break;
    case FIELD_LOST:
        words_share(facts_lost(tensor), number);
        break;
    case FIELD_SUBNORMAL:
        words_share(facts_subnormal(tensor), number);
        break;
    case FIELD_NONFINITE:
        if (table->narrow)
            words_tick(cast_counts_nonfinite(&tensor->counts, tensor->format), number);
        else
            words_count(cast_counts_nonfinite(&tensor->counts, tensor->format), number);
        break;
    case FIELD_LARGEST:
        largest(tensor, number);
        break;
    default:
        break;
    }
    if (field != FIELD_NONFINITE && field != FIELD_LARGEST)
        shorten(table, number);
    text_copy(text, CELL, number);
}

static Style field_style(const TensorFacts *tensor, Field field)
{
    const int64_t *classes = tensor->counts.classes;

    switch (field) {
    case FIELD_UNDERFLOW:
    case FIELD_LOST:
        return classes[CAST_UNDERFLOW] > 0 ? STYLE_UNDERFLOW : STYLE_PLAIN;
    case FIELD_SUBNORMAL:
        return classes[CAST_SUBNORMAL] > 0 ? STYLE_SUBNORMAL : STYLE_PLAIN;
    case FIELD_NONFINITE:
        return cast_counts_nonfinite(&tensor->counts, tensor->format) > 0 ? STYLE_BAD : STYLE_PLAIN;
    default:
        return STYLE_PLAIN;
    }
}

static int longest_name(const Snapshot *snapshot)
{
    int longest = columns[FIELD_NAME].width;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        int length = (int)strlen(snapshot->tensors[i].name);

        if (snapshot->tensors[i].probed && length > longest)
            longest = length;
    }
    return longest;
}

static int widths(const Snapshot *snapshot, bool narrow, Table *table)
{
    int longest = longest_name(snapshot), sum = MARK - 2;

    *table = (Table){.narrow = narrow, .gap = narrow ? 1 : 2};
    for (int i = 0; i < FIELDS; i++) {
        table->width[i] = narrow ? columns[i].narrow_width : columns[i].width;
        table->at[i] = -1;
    }
    table->width[FIELD_NAME] = narrow && longest > NAME_NARROW ? NAME_NARROW : longest;
    for (int i = 0; i < FIELDS; i++)
        sum += columns[i].rank < EXTRA_RANK ? table->width[i] + table->gap : 0;
    return sum;
}

/* Takes the fields in order of rank while they fit; the last one takes what is left over. */
static Table table_for(const Snapshot *snapshot, int cols)
{
    Table table;
    int col = MARK, left;

    if (widths(snapshot, false, &table) > cols)
        (void)widths(snapshot, true, &table);
    left = cols - MARK - table.width[FIELD_NAME];
    table.at[FIELD_NAME] = 0;
    for (int rank = 1; rank < FIELDS; rank++) {
        for (int i = 1; i < FIELDS; i++) {
            if (columns[i].rank != rank || left < table.width[i] + table.gap)
                continue;
            table.at[i] = 0;
            left -= table.width[i] + table.gap;
        }
    }
    if (table.at[FIELD_BINS] >= 0)
        table.width[FIELD_BINS] += left < SPARK_MOST ? left : SPARK_MOST;
    for (int i = 0; i < FIELDS; i++) {
        if (table.at[i] >= 0) {
            table.at[i] = col;
            col += table.width[i] + table.gap;
        }
    }
    return table;
}

/* Names and pictures stand at the left of their column, numbers at the right. */
static int aligned(const Table *table, Field field, const char *text)
{
    bool left = field == FIELD_NAME || field == FIELD_FORMAT || field == FIELD_BINS;

    return table->at[field] + (left ? 0 : table->width[field] - (int)strlen(text));
}

static void draw_spark(const TensorFacts *tensor, const Table *table, int row, Canvas *canvas)
{
    Bins bins = histogram_bins(tensor, table->width[FIELD_BINS]);
    Canvas *plot = canvas_window(canvas, row, table->at[FIELD_BINS], 1, bins.columns);

    for (int col = 0; col < bins.columns; col++) {
        int64_t count = bins_count(&bins, &tensor->counts, col);

        widget_bar(plot, col, bins_height(count, tensor->counts.count),
                   histogram_style(bins_zone_held(&bins, tensor->format, &tensor->counts, col)));
    }
    canvas_free(plot);
}

/* In place of shares of nothing. */
static void draw_starved(const TensorFacts *tensor, const Table *table, int row, Canvas *canvas)
{
    int col = table->at[FIELD_NAME] + table->width[FIELD_NAME] + table->gap;

    canvas_print(canvas, row, col, STYLE_BAD, "all lost at %s", tensor->starved_by);
}

static void draw_tensor(const TensorFacts *tensor, const Table *table, int row, Canvas *canvas)
{
    bool starved = tensor->starved_by[0] != '\0';
    char text[CELL];

    for (Field field = FIELD_NAME; field < FIELD_BINS; field++) {
        if (table->at[field] < 0 || (starved && field != FIELD_NAME))
            continue;
        if (field == FIELD_NAME)
            name_text(table, tensor, canvas_glyphs(canvas), text);
        else
            field_text(tensor, field, table, text);
        canvas_print(canvas, row, aligned(table, field, text), field_style(tensor, field), "%s",
                     text);
    }
    if (starved)
        draw_starved(tensor, table, row, canvas);
    else if (table->at[FIELD_BINS] >= 0)
        draw_spark(tensor, table, row, canvas);
}

static void draw_heads(const Table *table, Canvas *canvas)
{
    for (Field field = FIELD_NAME; field < FIELDS; field++) {
        const char *head = table->narrow ? columns[field].narrow : columns[field].head;

        if (table->at[field] >= 0)
            canvas_print(canvas, 1, aligned(table, field, head), STYLE_DIM, "%s", head);
    }
}

static bool has_row(const Gaze *gaze, const TensorFacts *tensor)
{
    return tensor->probed && gaze_takes(gaze, tensor);
}

static int rows_before(const Snapshot *snapshot, const Gaze *gaze, const TensorFacts *end)
{
    int count = 0;

    for (int i = 0; i < snapshot->tensor_count && &snapshot->tensors[i] != end; i++)
        count += has_row(gaze, &snapshot->tensors[i]);
    return count;
}

/* Draws the tensors that have a row from the first-th on; the one gazed at has a mark. */
static void draw_rows(const Snapshot *snapshot, const Gaze *gaze, int first, Canvas *canvas)
{
    const TensorFacts *gazed = gaze_tensor(gaze, snapshot);
    Table table = table_for(snapshot, canvas_cols(canvas));
    int row = 2 - first;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];

        if (!has_row(gaze, tensor))
            continue;
        if (row >= 2) {
            draw_tensor(tensor, &table, row, canvas);
            if (tensor == gazed)
                canvas_put(canvas, row, 0, STYLE_BOLD, '>');
        }
        row++;
    }
    draw_heads(&table, canvas);
}

static void tensors_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    const TensorFacts *gazed = gaze_tensor(gaze, snapshot);
    int probed = rows_before(snapshot, gaze, NULL), room = canvas_rows(canvas) - 2, first = 0;
    char left[CELL], right[CELL] = "";

    snprintf(left, sizeof left, "%d of %d counted", probed, snapshot->tensor_count);
    if (room > 0 && gazed != NULL && has_row(gaze, gazed)) {
        first = rows_before(snapshot, gaze, gazed) - room + 1;
        first = first < 0 ? 0 : first;
    }
    if (probed > room && room > 0)
        snprintf(right, sizeof right, "%d-%d shown", first + 1, first + room);
    widget_heading(canvas, tensors_panel.title, left, right);
    if (probed > 0)
        draw_rows(snapshot, gaze, first, canvas);
    else
        widget_uncounted(snapshot, NULL, canvas);
}

const Panel tensors_panel = {
    .name = "tensors",
    .title = "tensors",
    .summary = "all counted tensors: zeros, underflow, lost mass, overflow, largest exponent",
    .rows = 64,
    .min_cols = 36,
    .draw = tensors_draw,
};
