/* Where each panel of the live view stands at a given screen size: a pure function. */
#ifndef VIEW_LAYOUT_H
#define VIEW_LAYOUT_H

#include "view/panel.h"

/* What has most room. */
typedef enum LayoutKind {
    LAYOUT_AUTO, /* the histogram */
    LAYOUT_TENSORS,
    LAYOUT_TRAINING,
    LAYOUT_KINDS,
} LayoutKind;

extern const char *const layout_names[LAYOUT_KINDS + 1]; /* NULL-ended */

typedef struct Screenful {
    int rows, cols;
    int prompt_rows; /* at the bottom: not ours */
    bool two;        /* runs, side by side */
} Screenful;

typedef struct Place {
    const Panel *panel;
    int row, col, rows, cols;
} Place;

enum { LAYOUT_PLACES = 8 };

typedef struct Layout {
    int status_rows; /* at the top; 0 only where there is no room but for the prompt */
    int count;
    Place places[LAYOUT_PLACES]; /* none overlap, all lie between status and prompt */
} Layout;

Layout layout_for(const Screenful *screenful, const Gaze *gaze);

/* Draws the whole view but the last `prompt_rows` rows, which stay as they are: status, panels, and
 * `message` on the row above the prompt (NULL: there is no such row). Any size from 1x1 up. */
void layout_draw(const Scene *scene, const Gaze *gaze, const char *message, int prompt_rows,
                 Canvas *canvas);

#endif
