/* A panel draws one aspect of a Snapshot, or of two beside each other, at whatever size it is given: a pure function.
 *
 * The same panel serves the live view, `show NAME` at the prompt, and the golden files of the tests.
 */
#ifndef VIEW_PANEL_H
#define VIEW_PANEL_H

#include "telemetry/snapshot.h"
#include "view/canvas.h"

/* Which sort of tensors is watched. */
typedef enum Watched {
    WATCHED_ALL, /* all; first of all a gradient */
    WATCHED_WEIGHT_GRADS,
    WATCHED_ACTIVATION_GRADS,
    WATCHED_ACTIVATIONS,
    WATCHED_WEIGHTS,
    WATCHED_UPDATES,
    WATCHED_COUNT,
} Watched;

struct Panel;

/* What the viewer chose to look at; all zeros: what is shown to somebody who chose nothing. */
typedef struct Gaze {
    char tensor[TENSOR_NAME]; /* "": the one of the watched sort that lost most */
    int watched;              /* Watched */
    int true_values;          /* gradients divided by the scale, not as stored */
    int linear;               /* bars as high as the count, not as its logarithm */
    int layout;               /* LayoutKind, view/layout.h */
    const struct Panel *zoom; /* the only panel to be shown; NULL: all that have room */
} Gaze;

/* One run, or two side by side; borrowed. */
typedef struct Scene {
    const Snapshot *left, *right; /* right NULL: one run */
    int64_t differ;               /* the first step at which they differ; -1: none yet */
} Scene;

typedef struct Panel {
    const char *name;    /* show NAME */
    const char *title;   /* on its frame */
    const char *summary; /* one line of help */
    int rows, min_cols;  /* height at the prompt; least width */
    void (*draw)(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas);
    void (*draw_two)(const Scene *scene, const Gaze *gaze, Canvas *canvas); /* both runs; NULL: each
                                                                                in a half, by draw */
} Panel;

extern const Panel *const panel_table[]; /* ends in NULL */

const Panel *panel_find(const char *name); /* NULL: there is none */

/* One run or both. */
void panel_draw(const Panel *panel, const Scene *scene, const Gaze *gaze, Canvas *canvas);

typedef void PanelRun(const Scene *scene, bool right, const Gaze *gaze, Canvas *canvas);

/* One run of the scene in each half of the canvas, a rule between them. */
void panel_halves(const Scene *scene, const Gaze *gaze, Canvas *canvas, PanelRun *draw);

/* Whether the panel can show two runs on so many columns. */
bool panel_takes_two(const Panel *panel, int cols);

/* Whether a tensor is of the watched sort. */
bool gaze_takes(const Gaze *gaze, const TensorFacts *tensor);

/* The tensor that `gaze` is on: the chosen one where it exists, else of the watched sort the one
 * that lost most (snapshot_worst where all are watched). May be NULL. */
const TensorFacts *gaze_tensor(const Gaze *gaze, const Snapshot *snapshot);

/* Keeps the first tensor in focus that loses anything until another is chosen: a picture that jumps from
 * tensor to tensor cannot be read. */
void gaze_settle(Gaze *gaze, const Snapshot *snapshot);

#endif
