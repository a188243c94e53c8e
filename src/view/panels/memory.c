/* Where the bytes go: what the backend holds, beside what the formats alone would take. */
#include "view/panels.h"

#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>
#include <string.h>

enum { LABEL = 13, CELL = 9, VALUE_PARTS = PART_OF_VALUES, LINE = 200 };

static bool is_low(const Snapshot *snapshot)
{
    return snapshot->autocast != FORMAT_FP32 || snapshot->states != FORMAT_FP32;
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

    snprintf(low, sizeof low, "as %s",
             is_low(snapshot) && snapshot->autocast == FORMAT_FP32
                 ? "kept"
                 : format_step_name(snapshot->autocast));
    print_cell(canvas, 1, 0, STYLE_DIM, "held");
    print_cell(canvas, 1, 1, STYLE_DIM, low);
    if (is_low(snapshot))
        print_cell(canvas, 1, 2, STYLE_DIM, "as fp32");
}

/* What the table says of a part, but where it is kept otherwise. */
static const char *part_text(const Snapshot *snapshot, int part, char text[LINE])
{
    const char *rests = strcmp(snapshot->rounding, "kahan") == 0 ? " and rests" : "";

    if (part == PART_WEIGHTS && snapshot->weights != FORMAT_FP32)
        snprintf(text, LINE, "%s, no masters", format_name(snapshot->weights));
    else if (part == PART_OPTIMIZER && snapshot->states != FORMAT_FP32)
        snprintf(text, LINE, "state, %s%s", format_name(snapshot->states), rests);
    else if (part == PART_OPTIMIZER && rests[0] != '\0')
        snprintf(text, LINE, "state%s", rests);
    else
        return memory_parts[part].text;
    return text;
}

static void print_part(const Snapshot *snapshot, int part, int row, Canvas *canvas)
{
    int cells = part < VALUE_PARTS ? columns(snapshot) : 1;
    char bytes[NUMBER_TEXT], text[LINE];

    canvas_print(canvas, row, 0, STYLE_PLAIN, "%s", memory_parts[part].name);
    for (int i = 0; i < cells; i++)
        print_cell(canvas, row, i, STYLE_PLAIN,
                   words_bytes(column(&snapshot->memory, i)[part], bytes));
    canvas_print(canvas, row, LABEL + columns(snapshot) * CELL + 2, STYLE_DIM, "%s",
                 part_text(snapshot, part, text));
}

static void print_sum(const Snapshot *snapshot, int row, Canvas *canvas)
{
    char bytes[NUMBER_TEXT];

    canvas_print(canvas, row, 0, STYLE_BOLD, "together");
    for (int i = 0; i < columns(snapshot); i++)
        print_cell(canvas, row, i, STYLE_BOLD,
                   words_bytes(memory_of_values(column(&snapshot->memory, i)), bytes));
}

/* Where weights and optimizer stand: what formats change there, in one number. */
static int sum_up(const Snapshot *snapshot, int row, Canvas *canvas)
{
    double kept = snapshot_weight_bytes(snapshot, snapshot->memory.formats);
    char low[NUMBER_TEXT], wide[NUMBER_TEXT], more[NUMBER_TEXT], torch[LINE / 2] = "", line[LINE];

    number_shortest(snapshot_weight_bytes(snapshot, snapshot->memory.fp32), wide);
    if (snapshot->weights == FORMAT_FP32 && format_table[snapshot->autocast].bits == 16)
        snprintf(torch, sizeof torch, " (in PyTorch, whose .grad is fp32, %s)",
                 number_shortest(kept + 2.0, more));
    snprintf(line, sizeof line,
             "a weight, its copy, gradient and state take %s bytes%s; in fp32 %s",
             number_shortest(kept, low), torch, wide);
    return row + widget_wrapped(canvas, row, canvas_cols(canvas), STYLE_DIM, line);
}

static int lesson(const Snapshot *snapshot, int row, Canvas *canvas)
{
    const FormatInfo *format = &format_table[snapshot->autocast];
    char line[LINE];

    if (snapshot->autocast == FORMAT_FP32)
        snprintf(line, sizeof line, "%s is fp32; autocast fp16 shows what it saves",
                 is_low(snapshot) ? "all but the optimizer's state" : "everything");
    else if (format->bits == 32)
        snprintf(line, sizeof line, "%s saves nothing: it is stored in 32 bits, and copied",
                 format->name);
    else if (snapshot->weights != FORMAT_FP32)
        snprintf(line, sizeof line,
                 "without masters weights take half and need no copies, and every update is "
                 "rounded: lost_updates says what that costs");
    else if (format->bits == 8)
        snprintf(line, sizeof line,
                 "fp8 saves nothing on weights and optimizer, and adds copies of 8 bits; what is "
                 "between products is bf16 and stays beside its fp8 copy");
    else
        snprintf(line, sizeof line,
                 "%s saves nothing on weights and optimizer, and adds copies; "
                 "it halves activations and gradients, but not the batch as it arrives",
                 format->name);
    row += widget_wrapped(canvas, row, canvas_cols(canvas), STYLE_DIM, line);
    if (is_low(snapshot) || snapshot->states != FORMAT_FP32)
        row = sum_up(snapshot, row, canvas);
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
    .rows = 18,
    .min_cols = 40,
    .draw = memory_draw,
};
