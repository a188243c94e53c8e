#include "view/widgets.h"

#include "view/rune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EIGHTH_BLOCK = 0x2580, HORIZONTAL = 0x2500, VERTICAL = 0x2502 };
enum { BRAILLE = 0x2800, DOT_ROWS = 4, DASH = 2, INDENT = 2 };

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

/* `left` behind the title: as many phrases as there is room for, with a sign where there are more. One phrase
 * alone is worth more than the sign. */
static void heading_phrases(Canvas *canvas, int col, int room, const char *left)
{
    int most = phrases_in(left, room), fewer = phrases_in(left, room - 2);
    bool sign = left[most] != '\0' && fewer <= room - 2;

    if (left[0] == '\0')
        return;
    col = canvas_print(canvas, 0, col, STYLE_PLAIN, " %.*s ", sign ? fewer : most, left);
    if (sign)
        canvas_print(canvas, 0, col, STYLE_PLAIN, "%s ", ascii(canvas) ? "~" : "\u2026");
}

bool widget_heading(Canvas *canvas, const char *title, const char *left, const char *right)
{
    uint32_t rule = ascii(canvas) ? '-' : HORIZONTAL;
    int cols = canvas_cols(canvas), tail = right[0] == '\0' ? 0 : rune_columns(right) + 4;
    int start;
    bool fits;

    for (int i = 0; i < cols; i++)
        canvas_put(canvas, 0, i, STYLE_DIM, rule);
    start = canvas_print(canvas, 0, 2, STYLE_BOLD, " %s ", title) + 1;
    fits = start + phrases_in(left, 0) + 2 + tail <= cols;
    heading_phrases(canvas, start, cols - start - 2 - (fits ? tail : 0), left);
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

/* How a cell is made of dots: two columns of them. */
typedef struct Dots {
    int rows;
    unsigned bits[2][DOT_ROWS];
} Dots;

static const Dots braille = {DOT_ROWS, {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
static const Dots quadrants = {2, {{1, 4}, {2, 8}}};

/* The runes of the sixteen sets of quadrants. */
static const uint32_t quadrant_runes[] = {' ',    0x2598, 0x259D, 0x2580, 0x2596, 0x258C,
                                          0x259E, 0x259B, 0x2597, 0x259A, 0x2590, 0x259C,
                                          0x2584, 0x2599, 0x259F, 0x2588};
enum { QUADRANT_SETS = sizeof quadrant_runes / sizeof quadrant_runes[0] };

static uint32_t rune_of(const Dots *dots, unsigned set)
{
    return dots == &braille ? BRAILLE + set : quadrant_runes[set];
}

/* What a curve that was drawn before has set in a cell. */
static unsigned set_of(const Dots *dots, uint32_t rune)
{
    if (dots == &braille)
        return rune > BRAILLE && rune < BRAILLE + 0x100 ? (unsigned)(rune - BRAILLE) : 0;
    for (unsigned set = 1; set < QUADRANT_SETS; set++) {
        if (quadrant_runes[set] == rune)
            return set;
    }
    return 0;
}

static void curve_dots(Canvas *plot, const Dots *dots, int col, const int top[2],
                       const int bottom[2], Style style)
{
    for (int row = 0; row < canvas_rows(plot); row++) {
        unsigned set = 0;

        for (int i = 0; i < 2 * dots->rows; i++) {
            int half = i / dots->rows, level = row * dots->rows + i % dots->rows;

            if (level >= top[half] && level <= bottom[half])
                set |= dots->bits[half][i % dots->rows];
        }
        if (set != 0)
            canvas_put(plot, row, col, style,
                       rune_of(dots, set | set_of(dots, canvas_cell(plot, row, col).rune)));
    }
}

static bool is_gap(bool dashed, int col)
{
    return dashed && col % (2 * DASH) >= DASH;
}

static void curve_fine(Canvas *plot, const double *fractions, bool dashed, Style style)
{
    const Dots *dots = canvas_glyphs(plot) == GLYPHS_BLOCKS ? &quadrants : &braille;
    int cols = canvas_cols(plot), before = -1;

    for (int col = 0; col < cols; col++) {
        int top[2] = {1, 1}, bottom[2] = {0, 0};

        for (int half = 0; half < 2; half++) {
            int level =
                level_of(point_at(fractions, cols, 2 * col + half), canvas_rows(plot) * dots->rows);

            if (level >= 0)
                joined(before, level, &top[half], &bottom[half]);
            before = level;
        }
        if (!is_gap(dashed, col))
            curve_dots(plot, dots, col, top, bottom, style);
    }
}

static void coarse_column(Canvas *plot, int col, int before, int level, uint32_t mark, Style style)
{
    int top, bottom;

    joined(before, level, &top, &bottom);
    for (int row = top; row <= bottom; row++)
        canvas_put(plot, row, col, style, row == level ? mark : '|');
}

static void curve_coarse(Canvas *plot, const double *fractions, bool dashed, Style style)
{
    int before = -1;

    for (int col = 0; col < canvas_cols(plot); col++) {
        int level = level_of(fractions[col], canvas_rows(plot));

        if (level >= 0 && !is_gap(dashed, col))
            coarse_column(plot, col, before, level, dashed ? 'o' : '*', style);
        before = level;
    }
}

void widget_curve(Canvas *plot, const double *fractions, bool dashed, Style style)
{
    if (ascii(plot))
        curve_coarse(plot, fractions, dashed, style);
    else
        curve_fine(plot, fractions, dashed, style);
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

/* What has no room below stays on the last row, which then ends in the sign that there is more. */
int widget_wrapped(Canvas *canvas, int row, int cols, Style style, const char *text)
{
    int rows = 0;

    while (*text != '\0') {
        int indent = rows == 0 || cols <= 2 * INDENT ? 0 : INDENT;
        int bytes = line_bytes(text, cols - indent);

        if (canvas != NULL && row + rows == canvas_rows(canvas) - 1)
            bytes = (int)strlen(text);
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
