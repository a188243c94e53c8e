#include "view/style.h"

enum { RED = 1, GREEN = 2, YELLOW = 3, CYAN = 6, WHITE = 7 };
enum { BLUISH_GREEN = 36, SKY_BLUE = 74, VERMILLION = 166, ORANGE = 178, SAND = 221, GREY = 250 };

const StyleLook style_table[STYLE_COUNT] = {
    [STYLE_PLAIN] = {.colour_256 = COLOUR_OWN, .colour_8 = COLOUR_OWN},
    [STYLE_DIM] = {.colour_256 = COLOUR_OWN, .colour_8 = COLOUR_OWN, .dim = true, .mono_dim = true},
    [STYLE_BOLD] = {.colour_256 = COLOUR_OWN,
                    .colour_8 = COLOUR_OWN,
                    .bold = true,
                    .mono_bold = true},
    [STYLE_GOOD] = {.colour_256 = BLUISH_GREEN, .colour_8 = GREEN},
    [STYLE_WARN] = {.colour_256 = ORANGE, .colour_8 = YELLOW, .mono_bold = true},
    [STYLE_BAD] = {.colour_256 = VERMILLION, .colour_8 = RED, .bold = true, .mono_bold = true},
    [STYLE_UNDERFLOW] = {.colour_256 = SKY_BLUE, .colour_8 = CYAN, .mono_dim = true},
    [STYLE_SUBNORMAL] = {.colour_256 = SAND, .colour_8 = YELLOW},
    [STYLE_NORMAL] = {.colour_256 = GREY, .colour_8 = WHITE},
    [STYLE_OVERFLOW] = {.colour_256 = VERMILLION, .colour_8 = RED, .bold = true, .mono_bold = true},
};
