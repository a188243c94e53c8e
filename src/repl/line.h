/* Where lines come from at the prompt: readline on a terminal, plain lines else. */
#ifndef REPL_LINE_H
#define REPL_LINE_H

#include "base/text.h"
#include "train/session.h"

/* Readies readline: history from the state folder, completion. Borrows the session until
 * line_close, which saves the history. `terminal`: standard input and output are one. */
void line_open(Session *session, bool terminal);
void line_close(void);

typedef enum LineEnd {
    LINE_READ,
    LINE_END,      /* no more: ^D, end of file, the terminal is gone */
    LINE_GONE,     /* the terminal closed under the view */
    LINE_TOO_LONG, /* the rest of the line was passed over */
    LINE_BINARY,   /* it held a NUL byte */
} LineEnd;

/* The next line, without its newline, from readline behind `prompt`. ^C clears it. */
LineEnd line_ask(const char *prompt, Text *line);

/* The next line of a standard input that is no terminal, at most `longest` bytes. */
LineEnd line_plain(size_t longest, Text *line);

/* Puts this into the prompt where the next line is typed, to be edited and run. False: nothing is typed at a
 * terminal. */
bool line_suggest(const char *line);

/* Into the history, where it is not blank and not what stands there last. */
void line_remember(const char *line);

#endif
