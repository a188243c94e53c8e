/* A prompt and what is typed behind it, on one row of a canvas.
 *
 * What is too long for the row is moved aside so that the cursor stays on it; < and > say that there is
 * more. Control characters are shown as ^X, a byte that starts no character as ?.
 */
#ifndef VIEW_PROMPT_H
#define VIEW_PROMPT_H

#include "view/canvas.h"

/* `cursor`: the byte of `text` it stands on, up to its length. Returns the cursor's column, which is
 * on the canvas. */
int prompt_draw(Canvas *canvas, int row, const char *prompt, const char *text, size_t cursor);

#endif
