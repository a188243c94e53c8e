/* How each style looks: the one table that text, pictures and the screen share.
 *
 * Colours are those of Okabe and Ito, which the colour-blind can tell apart, as the nearest of the
 * 256, darker ones on a light background; none is a dark blue, and the background stays the
 * terminal's own. Where there are only eight colours, or none, weight helps out; the characters
 * themselves always carry the meaning.
 */
#ifndef VIEW_STYLE_H
#define VIEW_STYLE_H

#include "view/canvas.h"

enum { COLOUR_OWN = -1 }; /* the terminal's own foreground */

typedef struct StyleLook {
    int colour_256, colour_8;
    bool bold, dim;           /* with colours */
    bool mono_bold, mono_dim; /* without */
} StyleLook;

typedef enum Palette { PALETTE_DARK, PALETTE_LIGHT, PALETTE_COUNT } Palette; /* the background */

/* How the viewer wants it: `contrast` dims nothing and makes all that is coloured bold. */
typedef struct Theme {
    int palette; /* Palette */
    int contrast;
} Theme;

StyleLook style_look(Theme theme, Style style);

#endif
