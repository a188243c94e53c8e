/* What commands print while the view is open: standard output and standard error are caught, kept as
 * lines, and drawn above the prompt.
 *
 * Whatever else writes there (a library, the training's news) is caught, too. Thread rule: the main
 * thread; others may write meanwhile.
 */
#ifndef REPL_ANSWERS_H
#define REPL_ANSWERS_H

#include "view/canvas.h"

typedef struct Answers Answers;

/* From here on nothing reaches the terminal by itself. NULL: it cannot be caught (no memory, too many
 * open files). */
Answers *answers_new(void);

/* Gives both back. What was printed and not taken yet comes out there. Accepts NULL. */
void answers_free(Answers *answers);

/* Takes what was printed since; false: nothing. */
bool answers_take(Answers *answers);

/* A line was typed: what follows answers it, and what was there before is only scrolled to. */
void answers_typed(Answers *answers, const char *line);

/* Shows nothing of it any more, but scrolling brings it back. False: nothing was shown. */
bool answers_dismiss(Answers *answers);

/* Rows that the present answer wants at this width, at most `most`. */
int answers_rows(Answers *answers, int cols, int most);

/* Draws it into the whole of `canvas`: the answer from its beginning, or where it was scrolled to. */
void answers_draw(Answers *answers, Canvas *canvas);

/* Back (below 0) or on by so many pages of what was drawn last. */
void answers_scroll(Answers *answers, int pages);

#endif
