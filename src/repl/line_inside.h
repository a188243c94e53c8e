/* The prompt inside the view: readline edits the line, while whoever opened it hands over what is typed
 * and draws what stands there.
 *
 * Thread rule: the main thread only.
 */
#ifndef REPL_LINE_INSIDE_H
#define REPL_LINE_INSIDE_H

#include "base/text.h"
#include "view/screen.h"

/* Keys that are the view's, not the line's. */
typedef enum ViewKey {
    VIEW_KEY_NONE,
    VIEW_KEY_PAUSE, /* or go on */
    VIEW_KEY_STEP,
    VIEW_KEY_FASTER,
    VIEW_KEY_SLOWER,
    VIEW_KEY_NEXT, /* tensor */
    VIEW_KEY_PREVIOUS,
    VIEW_KEY_PAGE_UP,
    VIEW_KEY_PAGE_DOWN,
    VIEW_KEY_REPAINT,
} ViewKey;

typedef enum LineNews { LINE_NEWS_NONE, LINE_NEWS_LINE, LINE_NEWS_KEY, LINE_NEWS_END } LineNews;

/* What stands at the prompt: borrowed until the next key. */
typedef struct LineLook {
    const char *prompt, *text;
    size_t length, cursor; /* bytes of `text` */
} LineLook;

/* Readies readline, and gives the keys of the view to it: those act only while it is open. */
void line_inside_bind(void);

/* `screen`: where what belongs to a key and has not come yet is read; borrowed until it closes. Possible
 * completions go to standard output. */
void line_inside_open(const char *prompt, Screen *screen);

/* `waiting`: a line that was taken and not run; NULL: none. With what was typed behind it, it goes to the
 * prompt outside. */
void line_inside_close(const char *waiting);

/* Bytes as they came from the terminal. */
void line_inside_push(const char *bytes, size_t count);

/* Takes what was pushed up to the end of a line (which goes to `line`), a key of the view, or ^D on an
 * empty line; the rest stays for the next call. */
LineNews line_inside_take(Text *line, ViewKey *key);

/* Whether a lone escape means something to the line (a search, vi's commands). */
bool line_inside_takes_escape(void);

/* Puts this into the prompt, if it is empty; false where it does not stand there then. */
bool line_inside_suggest(const char *line);

void line_inside_clear(void);
void line_inside_size(int rows, int cols);
LineLook line_inside_look(void);

#endif
