#include "view/svg.h"

#include "view/rune.h"

#include <stdio.h>

/* A cell in pixels: halves, eighths and the dots of Braille fall on whole ones. */
enum { WIDE = 8, HIGH = 16, MARGIN = 8, BASELINE = 12, FONT = 13 };
enum { CUBE = 16, GREYS = 232, COLOUR = 8 };
enum { VERTICAL = 0x2502, BLOCKS = 0x2580, FULL = 0x2588, SHADES = 0x2591, QUADRANTS = 0x2596 };
enum { BRAILLE = 0x2800, BRAILLE_END = 0x28FF };

static const struct {
    const char *back, *fore;
} grounds[PALETTE_COUNT] = {
    [PALETTE_DARK] = {"#16181c", "#e4e4e4"}, [PALETTE_LIGHT] = {"#ffffff", "#1c1c1c"}};

/* Of the 256 colours of a terminal, the cube and the greys. */
static unsigned rgb_of(int colour)
{
    static const unsigned levels[] = {0, 95, 135, 175, 215, 255};
    unsigned cube, grey;

    if (colour >= GREYS) {
        grey = 8 + 10 * (unsigned)(colour - GREYS);
        return grey << 16 | grey << 8 | grey;
    }
    cube = (unsigned)(colour - CUBE);
    return levels[cube / 36] << 16 | levels[cube / 6 % 6] << 8 | levels[cube % 6];
}

static void fill_of(Theme theme, Style style, char fill[COLOUR])
{
    StyleLook look = style_look(theme, style);

    if (look.colour_256 == COLOUR_OWN)
        text_copy(fill, COLOUR, grounds[theme.palette].fore);
    else
        snprintf(fill, COLOUR, "#%06x", rgb_of(look.colour_256));
}

typedef struct Pen {
    Text *text;
    int x, y; /* of the cell's top left corner */
} Pen;

static void rect(const Pen *pen, int x, int y, int wide, int high)
{
    text_printf(pen->text, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", pen->x + x,
                pen->y + y, wide, high);
}

static void dots(const Pen *pen, unsigned bits)
{
    static const struct {
        int x, y;
    } places[] = {{2, 2}, {2, 6}, {2, 10}, {6, 2}, {6, 6}, {6, 10}, {2, 14}, {6, 14}};

    for (unsigned i = 0; i < 8; i++) {
        if (bits >> i & 1)
            text_printf(pen->text, "<circle cx=\"%d\" cy=\"%d\" r=\"1.5\"/>\n",
                        pen->x + places[i].x, pen->y + places[i].y);
    }
}

/* Bits: upper left, upper right, lower left, lower right. */
static void quadrants(const Pen *pen, uint32_t rune)
{
    static const unsigned char sets[] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};
    unsigned set = sets[rune - QUADRANTS];

    for (unsigned i = 0; i < 4; i++) {
        if (set >> i & 1)
            rect(pen, (int)(i % 2) * WIDE / 2, (int)(i / 2) * HIGH / 2, WIDE / 2, HIGH / 2);
    }
}

/* Arms from the middle: up, right, down, left. */
static unsigned arms_of(uint32_t rune)
{
    static const struct {
        uint32_t rune;
        unsigned arms;
    } lines[] = {{0x2500, 10}, {VERTICAL, 5}, {0x250C, 6}, {0x2510, 12}, {0x2514, 3}, {0x2518, 9}};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lines[i].rune == rune)
            return lines[i].arms;
    }
    return 0;
}

static void arms(const Pen *pen, unsigned set)
{
    int middle = WIDE / 2, centre = HIGH / 2;

    if (set & 1)
        rect(pen, middle, 0, 1, centre + 1);
    if (set & 2)
        rect(pen, middle, centre, WIDE - middle, 1);
    if (set & 4)
        rect(pen, middle, centre, 1, HIGH - centre);
    if (set & 8)
        rect(pen, 0, centre, middle + 1, 1);
}

static void shade(const Pen *pen, uint32_t rune)
{
    text_printf(pen->text, "<g fill-opacity=\"0.%u\">", 25 * (unsigned)(rune - SHADES + 1));
    rect(pen, 0, 0, WIDE, HIGH);
    text_append(pen->text, "</g>\n");
}

static bool is_block(uint32_t rune)
{
    return (rune >= BLOCKS && rune <= FULL) || (rune >= SHADES && rune < SHADES + 3) ||
           (rune >= QUADRANTS && rune < QUADRANTS + 10);
}

/* Not a letter. */
static bool is_shape(uint32_t rune)
{
    return arms_of(rune) != 0 || is_block(rune) || (rune >= BRAILLE && rune <= BRAILLE_END);
}

static void shape(const Pen *pen, uint32_t rune)
{
    int eighths = (int)(rune - BLOCKS);

    if (rune >= BRAILLE)
        dots(pen, (unsigned)(rune - BRAILLE));
    else if (rune >= QUADRANTS)
        quadrants(pen, rune);
    else if (rune >= SHADES)
        shade(pen, rune);
    else if (rune > BLOCKS)
        rect(pen, 0, HIGH - eighths * HIGH / 8, WIDE, eighths * HIGH / 8);
    else if (rune == BLOCKS)
        rect(pen, 0, 0, WIDE, HIGH / 2);
    else
        arms(pen, arms_of(rune));
}

static void append_letter(Text *text, uint32_t rune)
{
    char bytes[RUNE_BYTES];

    if (rune == '&')
        text_append(text, "&amp;");
    else if (rune == '<')
        text_append(text, "&lt;");
    else
        text_append(text, rune_bytes(rune, bytes));
}

/* Letters up to the next blank, of one style, as wide as their cells. Returns the column behind. */
static int word(const Canvas *canvas, int row, int col, const Pen *pen)
{
    Cell first = canvas_cell(canvas, row, col), cell = first;
    Text letters = {0};
    int end = col;

    while (end < canvas_cols(canvas) && cell.rune != ' ' && cell.style == first.style &&
           !is_shape(cell.rune)) {
        if (cell.rune != 0)
            append_letter(&letters, cell.rune);
        end++;
        cell = canvas_cell(canvas, row, end);
    }
    text_printf(pen->text, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" %s>%s</text>\n", pen->x,
                pen->y + BASELINE, (end - col) * WIDE, "lengthAdjust=\"spacingAndGlyphs\"",
                text_chars(&letters));
    text_release(&letters);
    return end;
}

static void open_style(Theme theme, Style style, Text *text)
{
    StyleLook look = style_look(theme, style);
    char fill[COLOUR];

    fill_of(theme, style, fill);
    text_printf(text, "<g fill=\"%s\"%s%s>\n", fill, look.bold ? " font-weight=\"bold\"" : "",
                look.dim ? " opacity=\"0.6\"" : "");
}

static void draw_row(const Canvas *canvas, int row, Theme theme, Text *text)
{
    int style = -1; /* of the group that is open */

    for (int col = 0; col < canvas_cols(canvas);) {
        Cell cell = canvas_cell(canvas, row, col);
        Pen pen = {text, MARGIN + col * WIDE, MARGIN + row * HIGH};

        if (cell.rune == ' ' || cell.rune == 0) {
            col++;
            continue;
        }
        if (cell.style != style) {
            text_append(text, style < 0 ? "" : "</g>\n");
            open_style(theme, (Style)cell.style, text);
            style = cell.style;
        }
        if (is_shape(cell.rune))
            shape(&pen, cell.rune);
        col = is_shape(cell.rune) ? col + 1 : word(canvas, row, col, &pen);
    }
    text_append(text, style < 0 ? "" : "</g>\n");
}

void canvas_svg(const Canvas *canvas, Theme theme, Text *text)
{
    int wide = canvas_cols(canvas) * WIDE + 2 * MARGIN;
    int high = canvas_rows(canvas) * HIGH + 2 * MARGIN;

    text_printf(text,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                "viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"%d\">\n"
                "<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>\n",
                wide, high, wide, high, FONT, grounds[theme.palette].back);
    for (int row = 0; row < canvas_rows(canvas); row++)
        draw_row(canvas, row, theme, text);
    text_append(text, "</svg>\n");
}
