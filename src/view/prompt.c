#include "view/prompt.h"

#include "base/memory.h"
#include "view/rune.h"

#include <stdlib.h>

enum { DELETE = 127, CARET = 64, HIDDEN_BEGIN = 1, HIDDEN_END = 2 };

/* One column; a wide character has a second one, of rune 0. */
typedef struct Column {
    uint32_t rune;
    Style style;
} Column;

typedef struct Line {
    Column *columns;
    size_t count, room;
} Line;

static void add_column(Line *line, uint32_t rune, Style style)
{
    line->columns = grow(line->columns, line->count, &line->room, sizeof *line->columns);
    line->columns[line->count++] = (Column){rune, style};
}

static void add_rune(Line *line, uint32_t rune, Style style)
{
    int width = rune_width(rune);

    if (rune < ' ' || rune == DELETE) {
        add_column(line, '^', STYLE_DIM);
        add_column(line, rune ^ CARET, STYLE_DIM);
        return;
    }
    if (rune == RUNE_BROKEN)
        add_column(line, '?', STYLE_DIM);
    else if (width > 0)
        add_column(line, rune, style);
    if (width == 2)
        add_column(line, 0, style);
}

/* readline brackets what takes no room on a terminal (colours) between two control characters. */
static void add_prompt(Line *line, const char *prompt)
{
    bool hidden = false;
    uint32_t rune;

    while ((rune = rune_next(&prompt)) != 0) {
        if (rune == HIDDEN_BEGIN || rune == HIDDEN_END)
            hidden = rune == HIDDEN_BEGIN;
        else if (!hidden)
            add_rune(line, rune, STYLE_BOLD);
    }
}

/* Returns the column of the cursor in the whole line. */
static size_t add_text(Line *line, const char *text, size_t cursor)
{
    const char *at = text;
    size_t column = line->count;
    uint32_t rune;

    while ((rune = rune_next(&at)) != 0) {
        add_rune(line, rune, STYLE_PLAIN);
        if ((size_t)(at - text) <= cursor)
            column = line->count;
    }
    return column;
}

/* In jumps of half a row, so that the line does not slide under every key. */
static size_t first_column(size_t cursor, size_t cols)
{
    size_t jump = cols / 2 > 0 ? cols / 2 : 1;

    if (cursor < cols)
        return 0;
    return (cursor - cols + jump) / jump * jump;
}

static void put_column(Canvas *canvas, int row, int col, Column column, bool last)
{
    /* Half of a wide character is none. */
    if (column.rune == 0 && col > 0)
        return;
    if (column.rune == 0 || (last && rune_width(column.rune) == 2))
        column.rune = ' ';
    canvas_put(canvas, row, col, column.style, column.rune);
}

int prompt_draw(Canvas *canvas, int row, const char *prompt, const char *text, size_t cursor)
{
    size_t cols = (size_t)canvas_cols(canvas), at, first;
    Line line = {0};

    add_prompt(&line, prompt);
    at = add_text(&line, text, cursor);
    first = first_column(at, cols);
    for (size_t col = 0; col < cols && first + col < line.count; col++)
        put_column(canvas, row, (int)col, line.columns[first + col], col + 1 == cols);
    if (first > 0)
        canvas_put(canvas, row, 0, STYLE_DIM, '<');
    if (first + cols < line.count && at + 1 < first + cols)
        canvas_put(canvas, row, (int)cols - 1, STYLE_DIM, '>');
    free(line.columns);
    return (int)(at - first);
}
