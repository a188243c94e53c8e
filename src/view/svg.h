/* A canvas as a picture for slides and notes: SVG 1.1 that needs no font but for its letters. Blocks,
 * lines and Braille are shapes of their own, so that they meet in any viewer.
 */
#ifndef VIEW_SVG_H
#define VIEW_SVG_H

#include "view/canvas.h"
#include "view/style.h"

/* Appends the whole document; its size is that of the canvas. */
void canvas_svg(const Canvas *canvas, Theme theme, Text *text);

#endif
