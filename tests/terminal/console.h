/* A program on a pseudo-terminal, whose other end libvterm plays: what it shows can be read, and
 * keys can be typed. One thread.
 */
#ifndef TERMINAL_CONSOLE_H
#define TERMINAL_CONSOLE_H

#include <stdbool.h>
#include <sys/types.h>
#include <vterm.h>

enum { PTY_ROWS = 24, PTY_COLS = 80, PTY_LINE = 1024, PTY_PATIENCE = 60, PTY_PATH = 256 };

typedef struct Pty {
    int master;
    pid_t child;
    VTerm *vterm;
    VTermScreen *screen;
    bool alternate;        /* the program draws on the alternate screen */
    char folder[PTY_PATH]; /* $XDG_STATE_HOME of the program */
} Pty;

/* Calls `run` in a child, which must not return. `folder`: where it keeps its state; NULL: a fresh
 * one. */
void pty_open(Pty *terminal, void (*run)(void), const char *folder);
void pty_close(Pty *terminal);

/* Waits for the program's end; its exit status, or -1. */
int pty_end(Pty *terminal);

void pty_type(const Pty *terminal, const char *keys);

/* Types a line at a fresh prompt. */
void pty_enter(Pty *terminal, const char *line);

/* Waits until a row holds `text`; prints the screen where none does in time. */
bool pty_wait_for(Pty *terminal, const char *text);

/* Waits until the cursor stands behind a prompt with nothing typed. */
bool pty_wait_for_prompt(Pty *terminal);

void pty_row(const Pty *terminal, int row, char line[PTY_LINE]);
int pty_count_rows(const Pty *terminal, const char *text);
void pty_resize(const Pty *terminal, int rows, int cols);

/* The terminal's settings are those of a shell: lines, echo, signals. */
bool pty_is_cooked(const Pty *terminal);

#endif
