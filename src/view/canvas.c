#include "view/canvas.h"

#include "base/memory.h"
#include "view/rune.h"
#include "view/style.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Canvas {
    Cell *cells; /* of its own top left corner, within the root's */
    Cell *owned; /* NULL for a window */
    int rows, cols;
    int stride; /* columns of the root */
    int left;   /* columns of the root before this one's first */
    Glyphs glyphs;
};

enum { PRINT_BYTES = 1024, CUT = 0x2026 };

Canvas *canvas_new(int rows, int cols, Glyphs glyphs)
{
    Canvas *canvas = xcalloc(1, sizeof *canvas);

    canvas->rows = rows < 0 ? 0 : rows;
    canvas->cols = cols < 0 ? 0 : cols;
    canvas->stride = canvas->cols;
    canvas->glyphs = glyphs;
    canvas->owned = xcalloc((size_t)canvas->rows * (size_t)canvas->cols + 1, sizeof(Cell));
    canvas->cells = canvas->owned;
    canvas_clear(canvas);
    return canvas;
}

void canvas_free(Canvas *canvas)
{
    if (canvas == NULL)
        return;
    free(canvas->owned);
    free(canvas);
}

int canvas_rows(const Canvas *canvas)
{
    return canvas->rows;
}

int canvas_cols(const Canvas *canvas)
{
    return canvas->cols;
}

Glyphs canvas_glyphs(const Canvas *canvas)
{
    return canvas->glyphs;
}

static bool inside(const Canvas *canvas, int row, int col)
{
    return row >= 0 && row < canvas->rows && col >= 0 && col < canvas->cols;
}

static Cell *cell_at(const Canvas *canvas, int row, int col)
{
    return canvas->cells + (ptrdiff_t)row * canvas->stride + col;
}

Cell canvas_cell(const Canvas *canvas, int row, int col)
{
    Cell blank = {' ', STYLE_PLAIN};

    return inside(canvas, row, col) ? *cell_at(canvas, row, col) : blank;
}

/* Writing on one half of a wide character takes the other half away, even outside a window. */
static void set_cell(Canvas *canvas, int row, int col, Style style, uint32_t rune)
{
    Cell *cell = cell_at(canvas, row, col);
    int root_col = canvas->left + col;

    if (cell->rune == 0 && rune != 0 && root_col > 0)
        cell[-1].rune = ' ';
    if (root_col + 1 < canvas->stride && cell[1].rune == 0)
        cell[1].rune = ' ';
    cell->rune = rune;
    cell->style = (uint8_t)style;
}

/* A wide character may reach over the edge of a window. */
void canvas_clear(Canvas *canvas)
{
    for (int row = 0; row < canvas->rows && canvas->cols > 0; row++) {
        Cell *cells = cell_at(canvas, row, 0);

        set_cell(canvas, row, 0, STYLE_PLAIN, ' ');
        set_cell(canvas, row, canvas->cols - 1, STYLE_PLAIN, ' ');
        for (int col = 0; col < canvas->cols; col++)
            cells[col] = (Cell){' ', STYLE_PLAIN};
    }
}

/* A control character would move the terminal's cursor or change its state. */
static uint32_t printable(const Canvas *canvas, uint32_t rune)
{
    if (rune < ' ' || (rune >= 0x7F && rune < 0xA0))
        return '?';
    return canvas->glyphs == GLYPHS_ASCII && rune > 0x7E ? '?' : rune;
}

/* Returns the columns it took. */
static int put(Canvas *canvas, int row, int col, Style style, uint32_t rune)
{
    uint32_t shown = printable(canvas, rune);
    int width = rune_width(rune) == 0 ? 0 : rune_width(shown);

    if (width == 0 || !inside(canvas, row, col))
        return width;
    if (width == 2 && col + 1 >= canvas->cols)
        shown = ' ';
    set_cell(canvas, row, col, style, shown);
    if (width == 2 && col + 1 < canvas->cols)
        set_cell(canvas, row, col + 1, style, 0);
    return width;
}

void canvas_put(Canvas *canvas, int row, int col, Style style, uint32_t rune)
{
    (void)put(canvas, row, col, style, rune);
}

int canvas_print(Canvas *canvas, int row, int col, Style style, const char *fmt, ...)
{
    char bytes[PRINT_BYTES];
    const char *at = bytes;
    int begun = col;
    bool cut = false;
    va_list args;

    va_start(args, fmt);
    vsnprintf(bytes, sizeof bytes, fmt, args);
    va_end(args);
    for (uint32_t rune = rune_next(&at); rune != 0; rune = rune_next(&at)) {
        int end = col + put(canvas, row, col, style, rune);

        cut |= begun < canvas->cols && end > canvas->cols && rune != ' ';
        col = end;
    }
    if (cut)
        canvas_put(canvas, row, canvas->cols - 1, style,
                   canvas->glyphs == GLYPHS_ASCII ? '~' : CUT);
    return col;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

Canvas *canvas_window(Canvas *canvas, int row, int col, int rows, int cols)
{
    Canvas *window = xcalloc(1, sizeof *window);
    int top = clamp(row, 0, canvas->rows), left = clamp(col, 0, canvas->cols);

    *window = *canvas;
    window->owned = NULL;
    window->cells = cell_at(canvas, top, left);
    window->left = canvas->left + left;
    window->rows = clamp(row + (rows < 0 ? 0 : rows), top, canvas->rows) - top;
    window->cols = clamp(col + (cols < 0 ? 0 : cols), left, canvas->cols) - left;
    return window;
}

static bool same_cell(const Cell *a, const Cell *b)
{
    return a->rune == b->rune && a->style == b->style;
}

bool canvas_change(const Canvas *a, const Canvas *b, int row, int *from, int *to)
{
    const Cell *left = cell_at(a, row, 0), *right = cell_at(b, row, 0);
    int at = *to, end;

    while (at < a->cols && same_cell(&left[at], &right[at]))
        at++;
    *from = *to = at;
    if (at == a->cols)
        return false;
    while (*from > 0 && (left[*from].rune == 0 || right[*from].rune == 0))
        --*from;
    for (end = at + 1; end < a->cols; end++)
        if (same_cell(&left[end], &right[end]) && left[end].rune != 0)
            break;
    *to = end;
    return true;
}

void canvas_copy(Canvas *to, const Canvas *from)
{
    for (int row = 0; row < to->rows && row < from->rows; row++)
        memcpy(cell_at(to, row, 0), cell_at(from, row, 0),
               sizeof(Cell) * (size_t)(to->cols < from->cols ? to->cols : from->cols));
}

static void style_on(StyleLook look, Text *text)
{
    text_append(text, "\033[0");
    if (look.bold)
        text_append(text, ";1");
    if (look.dim)
        text_append(text, ";2");
    if (look.colour_256 != COLOUR_OWN)
        text_printf(text, ";38;5;%d", look.colour_256);
    text_append(text, "m");
}

static int used_cols(const Canvas *canvas, int row)
{
    int cols = canvas->cols;

    while (cols > 0 && cell_at(canvas, row, cols - 1)->rune == ' ')
        cols--;
    return cols;
}

static void line_text(const Canvas *canvas, int row, const Theme *theme, Text *text)
{
    int cols = used_cols(canvas, row);
    Style present = STYLE_PLAIN;
    char bytes[RUNE_BYTES];

    for (int col = 0; col < cols; col++) {
        const Cell *cell = cell_at(canvas, row, col);

        if (cell->rune == 0)
            continue;
        if (theme != NULL && cell->rune != ' ' && cell->style != present) {
            present = cell->style;
            style_on(style_look(*theme, present), text);
        }
        text_append(text, rune_bytes(cell->rune, bytes));
    }
    if (present != STYLE_PLAIN)
        text_append(text, "\033[0m");
    text_append(text, "\n");
}

void canvas_text(const Canvas *canvas, const Theme *theme, Text *text)
{
    int rows = canvas->rows;

    while (rows > 0 && used_cols(canvas, rows - 1) == 0)
        rows--;
    for (int row = 0; row < rows; row++)
        line_text(canvas, row, theme, text);
}
