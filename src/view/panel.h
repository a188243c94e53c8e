/* A panel draws one aspect of a Snapshot, at whatever size it is given: a pure function.
 *
 * The same panel serves the live view, `show NAME` at the prompt, and the golden files of the tests.
 */
#ifndef VIEW_PANEL_H
#define VIEW_PANEL_H

#include "telemetry/snapshot.h"
#include "view/canvas.h"

/* What the viewer chose to look at. */
typedef struct Gaze {
    char tensor[TENSOR_NAME]; /* "": the one that lost most (snapshot_worst) */
    bool true_values;         /* gradients divided by the scale, not as stored */
} Gaze;

typedef struct Panel {
    const char *name;    /* show NAME */
    const char *title;   /* on its frame */
    const char *summary; /* one line of help */
    int rows, min_cols;  /* height at the prompt; least width */
    void (*draw)(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas);
} Panel;

extern const Panel *const panel_table[]; /* ends in NULL */

const Panel *panel_find(const char *name); /* NULL: there is none */

/* The tensor that `gaze` is on: the chosen one where it exists, else snapshot_worst. May be NULL. */
const TensorFacts *gaze_tensor(const Gaze *gaze, const Snapshot *snapshot);

#endif
