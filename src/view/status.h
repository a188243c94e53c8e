/* The status line: what a learner wants to know at a glance, of one run or of two. */
#ifndef VIEW_STATUS_H
#define VIEW_STATUS_H

#include "view/panel.h"

/* On all rows of the canvas, one or two: with one row two runs share it. */
void status_draw(const Scene *scene, Canvas *canvas);

/* "parted at step 311", or that they have not. */
const char *status_difference(const Scene *scene, char *text, int room);

#endif
