/* The terminal as a surface for a Canvas: the only file that knows ncurses.
 *
 * Thread rule: the main thread only. Between open and close the terminal is ours; it is given back
 * by close, by any fatal signal, and at exit. Resizes are noticed by screen_size. ^C and ^\\ stay
 * signals; all other keys come as bytes.
 */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include "view/style.h"

typedef struct Screen Screen;

/* Fails: STATUS_UNSUPPORTED: not a terminal, TERM unknown or too plain (dumb). */
Status screen_open(Screen **screen) MUST_CHECK;
void screen_close(Screen *screen); /* accepts NULL */

/* The present size. */
void screen_size(Screen *screen, int *rows, int *cols);

/* ASCII also where the terminal draws blocks wider than one column. */
Glyphs screen_glyphs(const Screen *screen);

/* Dark and plain until this is said. */
void screen_theme(Screen *screen, Theme theme);

/* Shows the canvas, with the cursor at that place: only what changed is sent, in one write that never
 * waits. */
void screen_show(Screen *screen, const Canvas *canvas, int cursor_row, int cursor_col);

/* The terminal has not taken the last one yet: a new one would wait behind it. */
bool screen_behind(const Screen *screen);

/* What the terminal shows is no longer known: the next one is sent whole. */
void screen_repaint(Screen *screen);

enum {
    SCREEN_TYPED = 1 << 0,   /* screen_read has something */
    SCREEN_CHANGED = 1 << 1, /* its size, or it was away (^Z): show all again */
    SCREEN_GONE = 1 << 2,    /* the terminal has closed */
};

/* Waits for news for at most `seconds`, and returns which; 0 also after any signal. ^Z is seen to: it
 * returns when the program is continued. */
unsigned screen_wait(Screen *screen, double seconds);

/* What was typed, as it came: up to `room` bytes. None where the terminal has only answered. False: it has
 * closed. */
bool screen_read(Screen *screen, char *bytes, size_t room, size_t *count);

/* A terminal with UTF-8 is asked how wide it draws blocks, and has not answered yet. Its answer is found in
 * screen_read whenever it comes; until then they are one column wide. */
bool screen_asking(const Screen *screen);

/* Where that is read from. */
int screen_fd(const Screen *screen);

/* Whether the terminal stands at the other end of a network (ssh). */
bool screen_remote(void);

/* Whether standard output takes UTF-8 in the present locale. */
Glyphs screen_locale_glyphs(void);

#endif
