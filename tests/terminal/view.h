/* The program with its live view open. */
#ifndef TERMINAL_VIEW_H
#define TERMINAL_VIEW_H

#include "console.h"

/* $HALFSTEP names the program (build/halfstep). Waits until there is a prompt in the view. */
void view_open(Pty *terminal);
void view_open_at(Pty *terminal, int rows, int cols);
void view_open_as(Pty *terminal, const char *type); /* $TERM */

/* What the terminal answers where it is asked for its cursor. Does not wait. */
void view_open_reporting(Pty *terminal, const char *report);

/* Types quit, expects a good end and the terminal as it was, and closes it. */
void view_quit(Pty *terminal);

/* Waits, but not long, until the last row is `text`. */
bool view_prompt_is(Pty *terminal, const char *text);

#endif
