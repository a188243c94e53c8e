/* All tensors that are counted, one a row: how much of each its cast lost. */
#include "view/panels.h"

#include "base/text.h"
#include "view/bins.h"
#include "view/facts.h"
#include "view/widgets.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 2, MARK = 2, SPARK = 10, SPARK_MOST = 40, CELL = 48 };

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
    int width; /* least; the name's follows from the names */
    int rank;  /* the highest are left out first */
} Column;

static const Column columns[FIELDS] = {
    [FIELD_NAME] = {"tensor", 6, 0},         [FIELD_FORMAT] = {"format", 6, 8},
    [FIELD_ZERO] = {"zero", 8, 6},           [FIELD_UNDERFLOW] = {"underflow", 9, 1},
    [FIELD_LOST] = {"lost mass", 9, 2},      [FIELD_SUBNORMAL] = {"subnormal", 9, 7},
    [FIELD_NONFINITE] = {"nonfinite", 9, 3}, [FIELD_LARGEST] = {"largest", 7, 4},
    [FIELD_BINS] = {"exponents", SPARK, 5},
};

typedef struct Table {
    int at[FIELDS]; /* column of the canvas where the field begins; -1: left out */
    int width[FIELDS];
} Table;

/* Stored values that are inf or nan, whatever made them so. */
static int64_t nonfinite(const TensorFacts *tensor)
{
    const int64_t *classes = tensor->counts.classes;

    return classes[CAST_INF] + classes[CAST_NAN] + classes[CAST_OVERFLOW];
}

static const char *largest(const TensorFacts *tensor, char *text)
{
    if (tensor->counts.amax > 0.0f)
        snprintf(text, NUMBER_TEXT, "2^%d", ilogbf(tensor->counts.amax));
    else
        text_copy(text, NUMBER_TEXT, "none");
    return text;
}

static void field_text(const TensorFacts *tensor, Field field, char text[CELL])
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
        words_count(nonfinite(tensor), number);
        break;
    case FIELD_LARGEST:
        largest(tensor, number);
        break;
    default:
        break;
    }
    text_copy(text, CELL, field == FIELD_NAME ? tensor->name : number);
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
        return nonfinite(tensor) > 0 ? STYLE_BAD : STYLE_PLAIN;
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

/* Takes the fields in order of rank while they fit; the last one takes what is left over. */
static Table table_for(const Snapshot *snapshot, int cols)
{
    Table table;
    int col = MARK, left = cols - MARK - longest_name(snapshot);

    for (int i = 0; i < FIELDS; i++) {
        table.width[i] = columns[i].width;
        table.at[i] = -1;
    }
    table.width[FIELD_NAME] = longest_name(snapshot);
    table.at[FIELD_NAME] = 0;
    for (int rank = 1; rank < FIELDS; rank++) {
        for (int i = 1; i < FIELDS; i++) {
            if (columns[i].rank != rank || left < table.width[i] + GAP)
                continue;
            table.at[i] = 0;
            left -= table.width[i] + GAP;
        }
    }
    table.width[FIELD_BINS] += left < SPARK_MOST ? left : SPARK_MOST;
    for (int i = 0; i < FIELDS; i++) {
        if (table.at[i] >= 0) {
            table.at[i] = col;
            col += table.width[i] + GAP;
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
    Bins bins = bins_fit(tensor->format, table->width[FIELD_BINS]);
    Canvas *plot = canvas_window(canvas, row, table->at[FIELD_BINS], 1, bins.columns);

    for (int col = 0; col < bins.columns; col++) {
        static const Style styles[] = {STYLE_UNDERFLOW, STYLE_SUBNORMAL, STYLE_NORMAL,
                                       STYLE_OVERFLOW};
        int64_t count = bins_count(&bins, &tensor->counts, col);

        widget_bar(plot, col, bins_height(count, tensor->counts.count),
                   styles[bins_zone(&bins, tensor->format, col)]);
    }
    canvas_free(plot);
}

static void draw_tensor(const TensorFacts *tensor, const Table *table, int row, Canvas *canvas)
{
    char text[CELL];

    for (Field field = FIELD_NAME; field < FIELD_BINS; field++) {
        if (table->at[field] < 0)
            continue;
        field_text(tensor, field, text);
        canvas_print(canvas, row, aligned(table, field, text), field_style(tensor, field), "%s",
                     text);
    }
    if (table->at[FIELD_BINS] >= 0)
        draw_spark(tensor, table, row, canvas);
}

static void draw_heads(const Table *table, Canvas *canvas)
{
    for (Field field = FIELD_NAME; field < FIELDS; field++) {
        if (table->at[field] >= 0)
            canvas_print(canvas, 1, aligned(table, field, columns[field].head), STYLE_DIM, "%s",
                         columns[field].head);
    }
}

static int probed_before(const Snapshot *snapshot, const TensorFacts *end)
{
    int count = 0;

    for (int i = 0; i < snapshot->tensor_count && &snapshot->tensors[i] != end; i++)
        count += snapshot->tensors[i].probed;
    return count;
}

/* Draws the probed tensors from the first-th on; the one gazed at has a mark. */
static void draw_rows(const Snapshot *snapshot, const TensorFacts *gazed, int first, Canvas *canvas)
{
    Table table = table_for(snapshot, canvas_cols(canvas));
    int row = 2 - first;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];

        if (!tensor->probed)
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
    int probed = probed_before(snapshot, NULL), room = canvas_rows(canvas) - 2, first = 0;
    char left[CELL], right[CELL] = "";

    snprintf(left, sizeof left, "%d of %d counted", probed, snapshot->tensor_count);
    if (room > 0 && gazed != NULL && gazed->probed) {
        first = probed_before(snapshot, gazed) - room + 1;
        first = first < 0 ? 0 : first;
    }
    if (probed > room && room > 0)
        snprintf(right, sizeof right, "%d-%d shown", first + 1, first + room);
    widget_heading(canvas, tensors_panel.title, left, right);
    if (probed > 0)
        draw_rows(snapshot, gazed, first, canvas);
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
