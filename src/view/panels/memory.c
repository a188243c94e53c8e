/* Where the bytes go: what the backend holds, beside what the formats alone would take. */
#include "view/panels.h"

#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>

enum { LABEL = 13, CELL = 9, VALUE_PARTS = PART_ACTIVATIONS + 1, LINE = 200 };

static bool is_low(const Snapshot *snapshot)
{
    return snapshot->autocast != FORMAT_FP32;
}

/* Columns: held, in these formats, in fp32; the last only where it differs. */
static int columns(const Snapshot *snapshot)
{
    return is_low(snapshot) ? 3 : 2;
}

static const int64_t *column(const MemoryFacts *memory, int i)
{
    return i == 0 ? memory->held : i == 1 ? memory->formats : memory->fp32;
}

static void print_cell(Canvas *canvas, int row, int i, Style style, const char *text)
{
    canvas_print(canvas, row, LABEL + i * CELL, style, "%*s", CELL, text);
}

static void print_heads(const Snapshot *snapshot, Canvas *canvas)
{
    char low[NUMBER_TEXT];

    snprintf(low, sizeof low, "as %s", format_name(snapshot->autocast));
    print_cell(canvas, 1, 0, STYLE_DIM, "held");
    print_cell(canvas, 1, 1, STYLE_DIM, low);
    if (is_low(snapshot))
        print_cell(canvas, 1, 2, STYLE_DIM, "as fp32");
}

static void print_part(const Snapshot *snapshot, int part, int row, Canvas *canvas)
{
    int cells = part < VALUE_PARTS ? columns(snapshot) : 1;
    char bytes[NUMBER_TEXT];

    canvas_print(canvas, row, 0, STYLE_PLAIN, "%s", memory_parts[part].name);
    for (int i = 0; i < cells; i++)
        print_cell(canvas, row, i, STYLE_PLAIN,
                   words_bytes(column(&snapshot->memory, i)[part], bytes));
    canvas_print(canvas, row, LABEL + columns(snapshot) * CELL + 2, STYLE_DIM, "%s",
                 memory_parts[part].text);
}

static void print_sum(const Snapshot *snapshot, int row, Canvas *canvas)
{
    char bytes[NUMBER_TEXT];

    canvas_print(canvas, row, 0, STYLE_BOLD, "together");
    for (int i = 0; i < columns(snapshot); i++) {
        int64_t sum = 0;

        for (int part = 0; part < VALUE_PARTS; part++)
            sum += column(&snapshot->memory, i)[part];
        print_cell(canvas, row, i, STYLE_BOLD, words_bytes(sum, bytes));
    }
}

static int lesson(const Snapshot *snapshot, int row, Canvas *canvas)
{
    const FormatInfo *format = &format_table[snapshot->autocast];
    char line[LINE];

    if (!is_low(snapshot))
        snprintf(line, sizeof line, "everything is fp32; autocast fp16 shows what it saves");
    else if (format->bits == 32)
        snprintf(line, sizeof line, "%s saves nothing: it is stored in 32 bits, and copied",
                 format->name);
    else
        snprintf(line, sizeof line,
                 "%s saves nothing on weights and optimizer, and adds copies; "
                 "it halves activations and gradients, but not the batch as it arrives",
                 format->name);
    row += widget_wrapped(canvas, row, canvas_cols(canvas), STYLE_DIM, line);
    if (snapshot->memory.emulated)
        row += widget_wrapped(canvas, row, canvas_cols(canvas), STYLE_DIM,
                              "held: this backend emulates, and carries every format in fp32");
    return row;
}

static void memory_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    int row = 2;

    (void)gaze;
    widget_heading(canvas, memory_panel.title, "bytes; k, M, G are powers of 1024", "");
    if (snapshot->memory.held[PART_WEIGHTS] == 0) {
        widget_notice(canvas, STYLE_DIM, "there is no step to hold yet");
        return;
    }
    print_heads(snapshot, canvas);
    for (int part = 0; part < PART_COUNT; part++) {
        print_part(snapshot, part, row++, canvas);
        if (part == VALUE_PARTS - 1)
            print_sum(snapshot, row++, canvas);
    }
    (void)lesson(snapshot, row, canvas);
}

const Panel memory_panel = {
    .name = "memory",
    .title = "memory",
    .summary = "where the bytes go: what is held, and what formats save",
    .rows = 16,
    .min_cols = 40,
    .draw = memory_draw,
};
