#include "view/widgets.h"

#include "view/rune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EIGHTH_BLOCK = 0x2580, HORIZONTAL = 0x2500, VERTICAL = 0x2502 };
enum { BRAILLE = 0x2800, DOT_ROWS = 4, INDENT = 2 };

static bool ascii(const Canvas *canvas)
{
    return canvas_glyphs(canvas) == GLYPHS_ASCII;
}

static bool is_break(const char *at)
{
    return strncmp(at, "; ", 2) == 0 || strncmp(at, ", ", 2) == 0 || strncmp(at, "  ", 2) == 0;
}

/* Bytes of the longest run of whole phrases, of at least one, that takes at most `room`. */
static int phrases_in(const char *text, int room)
{
    int length = (int)strlen(text), first = length, best = 0;

    for (int i = length; i > 0; i--) {
        if (i < length && !is_break(text + i))
            continue;
        first = i;
        if (best == 0 && i <= room)
            best = i;
    }
    return best > 0 ? best : first;
}

bool widget_heading(Canvas *canvas, const char *title, const char *left, const char *right)
{
    uint32_t rule = ascii(canvas) ? '-' : HORIZONTAL;
    int cols = canvas_cols(canvas), tail = right[0] == '\0' ? 0 : (int)strlen(right) + 4;
    int start, bytes;
    bool fits;

    for (int i = 0; i < cols; i++)
        canvas_put(canvas, 0, i, STYLE_DIM, rule);
    start = canvas_print(canvas, 0, 2, STYLE_BOLD, " %s ", title) + 1;
    fits = start + phrases_in(left, 0) + 2 + tail <= cols;
    bytes = phrases_in(left, cols - start - 2 - (fits ? tail : 0));
    if (left[0] != '\0')
        canvas_print(canvas, 0, start, STYLE_PLAIN, " %.*s ", bytes, left);
    if (fits && tail > 0)
        canvas_print(canvas, 0, cols - tail, STYLE_PLAIN, " %s ", right);
    return fits;
}

/* A cell filled up to a part of its height. */
static uint32_t partly(int part, bool in_ascii)
{
    if (in_ascii)
        return part <= 1 ? '.' : part == 2 ? ':' : '#';
    return (uint32_t)(EIGHTH_BLOCK + part);
}

void widget_bar(Canvas *plot, int col, double fraction, Style style)
{
    bool in_ascii = ascii(plot);
    int rows = canvas_rows(plot), parts = in_ascii ? 3 : 8, height;

    if (!(fraction > 0.0))
        return;
    height = (int)lround(fmin(fraction, 1.0) * rows * parts);
    if (height == 0)
        height = 1;
    for (int i = 0; i < rows && i * parts < height; i++) {
        int part = height - i * parts < parts ? height - i * parts : parts;

        canvas_put(plot, rows - 1 - i, col, style, partly(part, in_ascii));
    }
}

/* Level of a fraction among `levels` from the top; -1 for nan. */
static int level_of(double fraction, int levels)
{
    if (isnan(fraction))
        return -1;
    return levels - 1 - (int)lround(fmin(fmax(fraction, 0.0), 1.0) * (levels - 1));
}

/* The point at half a column: between two columns lies their mean. */
static double point_at(const double *fractions, int cols, int half)
{
    double here = fractions[half / 2];
    double next = half / 2 + 1 < cols ? fractions[half / 2 + 1] : here;

    return half % 2 == 0 || isnan(next) ? here : (here + next) / 2.0;
}

/* The levels which a point fills: its own, and those that join it to the point before. */
static void joined(int before, int level, int *top, int *bottom)
{
    *top = *bottom = level;
    if (before >= 0 && before < level - 1)
        *top = before + 1;
    if (before > level + 1)
        *bottom = before - 1;
}

static void curve_dots(Canvas *plot, int col, const int top[2], const int bottom[2], Style style)
{
    static const unsigned bits[2][DOT_ROWS] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

    for (int row = 0; row < canvas_rows(plot); row++) {
        unsigned dots = 0;

        for (int i = 0; i < 2 * DOT_ROWS; i++) {
            int half = i / DOT_ROWS, level = row * DOT_ROWS + i % DOT_ROWS;

            if (level >= top[half] && level <= bottom[half])
                dots |= bits[half][i % DOT_ROWS];
        }
        if (dots != 0)
            canvas_put(plot, row, col, style, BRAILLE + dots);
    }
}

static void curve_braille(Canvas *plot, const double *fractions, Style style)
{
    int cols = canvas_cols(plot), before = -1;

    for (int col = 0; col < cols; col++) {
        int top[2] = {1, 1}, bottom[2] = {0, 0};

        for (int half = 0; half < 2; half++) {
            int level =
                level_of(point_at(fractions, cols, 2 * col + half), canvas_rows(plot) * DOT_ROWS);

            if (level >= 0)
                joined(before, level, &top[half], &bottom[half]);
            before = level;
        }
        curve_dots(plot, col, top, bottom, style);
    }
}

void widget_curve(Canvas *plot, const double *fractions, Style style)
{
    int before = -1, top, bottom;

    if (!ascii(plot)) {
        curve_braille(plot, fractions, style);
        return;
    }
    for (int col = 0; col < canvas_cols(plot); col++) {
        int level = level_of(fractions[col], canvas_rows(plot));

        if (level >= 0) {
            joined(before, level, &top, &bottom);
            for (int row = top; row <= bottom; row++)
                canvas_put(plot, row, col, style, row == level ? '*' : '|');
        }
        before = level;
    }
}

typedef struct Corners {
    uint32_t flat, upright, leave_up, arrive_up, leave_down, arrive_down;
} Corners;

static const Corners drawn_corners = {0x2500, 0x2502, 0x2518, 0x250C, 0x2510, 0x2514};
static const Corners ascii_corners = {'-', '|', '+', '+', '+', '+'};

static void stair(Canvas *plot, int col, int before, int level, Style style)
{
    const Corners *corners = ascii(plot) ? &ascii_corners : &drawn_corners;
    int top = before < level ? before : level, bottom = before < level ? level : before;

    if (before < 0 || before == level) {
        canvas_put(plot, level, col, style, corners->flat);
        return;
    }
    for (int row = top + 1; row < bottom; row++)
        canvas_put(plot, row, col, style, corners->upright);
    canvas_put(plot, before, col, style, level < before ? corners->leave_up : corners->leave_down);
    canvas_put(plot, level, col, style, level < before ? corners->arrive_up : corners->arrive_down);
}

void widget_stairs(Canvas *plot, const double *fractions, Style style)
{
    int before = -1;

    for (int col = 0; col < canvas_cols(plot); col++) {
        int level = level_of(fractions[col], canvas_rows(plot));

        if (level >= 0)
            stair(plot, col, before, level, style);
        before = level;
    }
}

void widget_span(Canvas *plot, int col, double low, double high, Style style)
{
    int top = level_of(high, canvas_rows(plot)), bottom = level_of(low, canvas_rows(plot));

    if (top < 0 || bottom < 0 || top == bottom)
        return;
    for (int row = top; row <= bottom; row++) {
        if (canvas_cell(plot, row, col).rune == ' ')
            canvas_put(plot, row, col, style, ascii(plot) ? '|' : VERTICAL);
    }
}

void widget_axis(Canvas *canvas, int row, int rows, int width)
{
    for (int i = 0; i < rows; i++)
        canvas_put(canvas, row + i, width - 1, STYLE_DIM, ascii(canvas) ? '|' : VERTICAL);
}

void widget_divider(Canvas *canvas, int col)
{
    widget_axis(canvas, 0, canvas_rows(canvas), col + 1);
}

/* Bytes of `text` up to a break that leaves at most `cols` columns: all of them, or up to the last
 * space, or as many as there is room for. */
static int line_bytes(const char *text, int cols)
{
    const char *at = text;
    int used = 0, space = 0;

    for (;;) {
        const char *here = at;
        uint32_t rune = rune_next(&at);

        if (rune == 0)
            return (int)(here - text);
        used += rune_width(rune);
        if (rune == ' ')
            space = (int)(here - text);
        if (used > cols && here > text)
            return space > 0 ? space : (int)(here - text);
    }
}

int widget_wrapped(Canvas *canvas, int row, int cols, Style style, const char *text)
{
    int rows = 0;

    while (*text != '\0') {
        int indent = rows == 0 || cols <= 2 * INDENT ? 0 : INDENT;
        int bytes = line_bytes(text, cols - indent);

        if (canvas != NULL)
            canvas_print(canvas, row + rows, indent, style, "%.*s", bytes, text);
        text += bytes;
        while (*text == ' ')
            text++;
        rows++;
    }
    return rows;
}

void widget_notice(Canvas *canvas, Style style, const char *text)
{
    (void)widget_wrapped(canvas, 1, canvas_cols(canvas), style, text);
}

static bool will_be_counted(const Snapshot *snapshot, const TensorFacts *tensor)
{
    if (tensor != NULL || snapshot->tensor_count == 0)
        return tensor == NULL || tensor->counted;
    for (int i = 0; i < snapshot->tensor_count; i++)
        if (snapshot->tensors[i].counted)
            return true;
    return false;
}

void widget_uncounted(const Snapshot *snapshot, const TensorFacts *tensor, Canvas *canvas)
{
    if (will_be_counted(snapshot, tensor))
        widget_notice(canvas, STYLE_DIM, "nothing is counted yet: take a step");
    else if (snapshot->probes)
        widget_notice(canvas, STYLE_DIM, "not counted: nothing casts it");
    else
        widget_notice(canvas, STYLE_WARN, "not counted: probe on");
}
