/* Where each panel of the live view stands at a given screen size: a pure function. */
#ifndef VIEW_LAYOUT_H
#define VIEW_LAYOUT_H

#include "view/panel.h"

typedef struct Place {
    const Panel *panel;
    int row, col, rows, cols;
} Place;

enum { LAYOUT_PLACES = 8 };

typedef struct Layout {
    int count;
    Place places[LAYOUT_PLACES]; /* none overlap, all lie inside; the status line is row 0, the
                                    line of keys the last row, at any size that has them */
} Layout;

Layout layout_for(int rows, int cols);

/* Draws the whole view: status line, panels with titles, the line of keys or `message` in place of
 * it (NULL: none). Any size from 1x1 up. */
void layout_draw(const Snapshot *snapshot, const Gaze *gaze, const char *message, Canvas *canvas);

#endif
