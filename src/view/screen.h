/* The terminal as a surface for a Canvas: the only file that knows ncurses.
 *
 * Thread rule: the main thread only. Between open and close the terminal is ours; it is given back
 * by close, by any fatal signal, and at exit. Resizes are noticed by screen_size.
 */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include "view/style.h"

typedef struct Screen Screen;

enum {
    KEY_NONE = 0,  /* nothing was typed in time */
    KEY_GONE = -1, /* the terminal has closed */
    KEY_RESIZED = -2,
    KEY_ESCAPE = 27,
    KEY_MOVE_UP = 0x110000, /* beyond Unicode */
    KEY_MOVE_DOWN,
    KEY_MOVE_LEFT,
    KEY_MOVE_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
};

/* Fails: STATUS_UNSUPPORTED: not a terminal, TERM unknown or too plain (dumb). */
Status screen_open(Screen **screen) MUST_CHECK;
void screen_close(Screen *screen); /* accepts NULL */

/* The present size. */
void screen_size(Screen *screen, int *rows, int *cols);
Glyphs screen_glyphs(const Screen *screen);

/* Dark and plain until this is said. */
void screen_theme(Screen *screen, Theme theme);

/* Shows the canvas: only what changed is sent. */
void screen_show(Screen *screen, const Canvas *canvas);

/* The next key (a Unicode character or one of the above), after at most `seconds`. Ctrl-C comes as
 * the character 3, ^Z suspends and comes back as KEY_RESIZED. */
int screen_key(Screen *screen, double seconds);

/* Whether standard output takes UTF-8 in the present locale. */
Glyphs screen_locale_glyphs(void);

#endif
