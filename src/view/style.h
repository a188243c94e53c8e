/* How each style looks on a terminal: the one table that canvas_text and the screen share.
 *
 * Colours are those of Okabe and Ito, which the colour-blind can tell apart, as the nearest of the
 * 256; none is a dark blue, and the background stays the terminal's own. Where there are only eight
 * colours, or none, weight helps out; the characters themselves always carry the meaning.
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

extern const StyleLook style_table[STYLE_COUNT];

#endif
