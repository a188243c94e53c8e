#include "view/style.h"

enum { BLACK, RED, GREEN, YELLOW, PLAIN_BLUE, MAGENTA, CYAN, WHITE };
enum { OWN = COLOUR_OWN };

/* On a dark background. */
enum { BLUISH_GREEN = 36, SKY_BLUE = 74, VERMILLION = 166, ORANGE = 178, SAND = 221, GREY = 250 };
/* On a light one. */
enum { DARK_GREEN = 29, BLUE = 25, DARK_RED = 124, BROWN = 130, OLIVE = 94, DARK_GREY = 240 };

#define COLOURS(of_256, of_8) .colour_256 = (of_256), .colour_8 = (of_8)

static const StyleLook looks[PALETTE_COUNT][STYLE_COUNT] =
    {
        [PALETTE_DARK] =
            {
                [STYLE_PLAIN] = {COLOURS(OWN, OWN)},
                [STYLE_DIM] = {COLOURS(OWN, OWN), .dim = true, .mono_dim = true},
                [STYLE_BOLD] = {COLOURS(OWN, OWN), .bold = true, .mono_bold = true},
                [STYLE_GOOD] = {COLOURS(BLUISH_GREEN, GREEN)},
                [STYLE_WARN] = {COLOURS(ORANGE, YELLOW), .mono_bold = true},
                [STYLE_BAD] = {COLOURS(VERMILLION, RED), .bold = true, .mono_bold = true},
                [STYLE_UNDERFLOW] = {COLOURS(SKY_BLUE, CYAN), .mono_dim = true},
                [STYLE_SUBNORMAL] = {COLOURS(SAND, YELLOW)},
                [STYLE_NORMAL] = {COLOURS(GREY, WHITE)},
                [STYLE_OVERFLOW] = {COLOURS(VERMILLION, RED), .bold = true, .mono_bold = true},
                [STYLE_LEFT] = {COLOURS(ORANGE, YELLOW), .mono_bold = true},
                [STYLE_RIGHT] = {COLOURS(BLUISH_GREEN, CYAN)},
            },
        [PALETTE_LIGHT] =
            {
                [STYLE_PLAIN] = {COLOURS(OWN, OWN)},
                [STYLE_DIM] = {COLOURS(OWN, OWN), .dim = true, .mono_dim = true},
                [STYLE_BOLD] = {COLOURS(OWN, OWN), .bold = true, .mono_bold = true},
                [STYLE_GOOD] = {COLOURS(DARK_GREEN, GREEN)},
                [STYLE_WARN] = {COLOURS(BROWN, MAGENTA), .mono_bold = true},
                [STYLE_BAD] = {COLOURS(DARK_RED, RED), .bold = true, .mono_bold = true},
                [STYLE_UNDERFLOW] = {COLOURS(BLUE, PLAIN_BLUE), .mono_dim = true},
                [STYLE_SUBNORMAL] = {COLOURS(OLIVE, MAGENTA)},
                [STYLE_NORMAL] = {COLOURS(DARK_GREY, BLACK)},
                [STYLE_OVERFLOW] = {COLOURS(DARK_RED, RED), .bold = true, .mono_bold = true},
                [STYLE_LEFT] = {COLOURS(BROWN, MAGENTA), .mono_bold = true},
                [STYLE_RIGHT] = {COLOURS(DARK_GREEN, PLAIN_BLUE)},
            },
};

StyleLook style_look(Theme theme, Style style)
{
    StyleLook look = looks[theme.palette][style];

    if (!theme.contrast)
        return look;
    look.dim = look.mono_dim = false;
    look.bold |= look.colour_256 != COLOUR_OWN;
    return look;
}
