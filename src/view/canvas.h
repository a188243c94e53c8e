/* A grid of characters with styles: what panels draw on, and what a screen, the prompt, a file or a
 * test then shows. Text outside the grid is cut off, never an error.
 */
#ifndef VIEW_CANVAS_H
#define VIEW_CANVAS_H

#include "base/status.h"
#include "base/text.h"

typedef struct Canvas Canvas;

/* A style says what a cell means; the surface decides how that looks. */
typedef enum Style {
    STYLE_PLAIN,
    STYLE_DIM,
    STYLE_BOLD,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_UNDERFLOW, /* the zones of the histogram */
    STYLE_SUBNORMAL,
    STYLE_NORMAL,
    STYLE_OVERFLOW,
    STYLE_LEFT, /* two runs side by side */
    STYLE_RIGHT,
    STYLE_COUNT,
} Style;

/* Which characters may be used: blocks and Braille, blocks alone (some fonts have no Braille), or
 * neither. */
typedef enum Glyphs { GLYPHS_UTF8, GLYPHS_BLOCKS, GLYPHS_ASCII } Glyphs;

typedef struct Cell {
    uint32_t rune; /* Unicode; a space where nothing was drawn; 0: right half of a wide one */
    uint8_t style; /* Style */
} Cell;

Canvas *canvas_new(int rows, int cols, Glyphs glyphs);
void canvas_free(Canvas *canvas);

int canvas_rows(const Canvas *canvas);
int canvas_cols(const Canvas *canvas);
Glyphs canvas_glyphs(const Canvas *canvas);
Cell canvas_cell(const Canvas *canvas, int row, int col);

void canvas_clear(Canvas *canvas);
void canvas_put(Canvas *canvas, int row, int col, Style style, uint32_t rune);

/* UTF-8 text; wide characters take two columns. Text that goes on beyond the right edge ends in a sign
 * that it does. Returns the column behind it. */
int canvas_print(Canvas *canvas, int row, int col, Style style, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* A window on `canvas`: draws there, with its own origin and size (clipped). Free it; the parent
 * keeps the cells and must outlive it. */
Canvas *canvas_window(Canvas *canvas, int row, int col, int rows, int cols);

/* The next columns of a row, behind `*to`, in which two canvases of one size differ: from `*from` up to
 * `*to`, never half of a wide character of either. False: there are none. */
bool canvas_change(const Canvas *a, const Canvas *b, int row, int *from, int *to);

/* The cells of one as large. */
void canvas_copy(Canvas *to, const Canvas *from);

struct Theme; /* view/style.h */

/* The cells as lines of UTF-8 without trailing blanks; trailing empty lines are dropped. `theme`:
 * with ANSI colours for a terminal; NULL: without. */
void canvas_text(const Canvas *canvas, const struct Theme *theme, Text *text);

#endif
