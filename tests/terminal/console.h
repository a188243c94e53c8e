/* A program on a pseudo-terminal, whose other end libvterm plays: what it shows can be read, and
 * keys can be typed. One thread.
 */
#ifndef TERMINAL_CONSOLE_H
#define TERMINAL_CONSOLE_H

#include <stdbool.h>
#include <sys/types.h>
#include <vterm.h>

enum {
    PTY_ROWS = 24,
    PTY_COLS = 80,
    PTY_LINE = 1024,
    PTY_PATIENCE = 60,
    PTY_PATH = 256,
    PTY_MOST_ROWS = 100
};

typedef struct PtyProgram {
    int (*run)(void);   /* called in a child, which exits with what it returns */
    int rows, cols;     /* 0: PTY_ROWS, PTY_COLS */
    const char *term;   /* $TERM; NULL: xterm-256color */
    const char *folder; /* $XDG_STATE_HOME; NULL: a fresh one */
    const char *report; /* answered where it is asked for the cursor; NULL: where that is */
    bool colourless;    /* $NO_COLOR is set, otherwise empty */
} PtyProgram;

typedef struct Pty {
    int master; /* -1 after pty_hang_up */
    pid_t child;
    VTerm *vterm;
    VTermScreen *screen;
    bool alternate;        /* the program draws on the alternate screen */
    bool cursor;           /* the cursor can be seen */
    long bytes;            /* received since the start */
    long frames;           /* updates among them, each between the bytes that hold and show it */
    int matched;           /* of the bytes that begin the next */
    const char *report;    /* as PtyProgram */
    char folder[PTY_PATH]; /* $XDG_STATE_HOME of the program */
} Pty;

/* libvterm keeps the address of `terminal`, which must stay where it is until pty_close. */
void pty_open(Pty *terminal, const PtyProgram *program);
void pty_close(Pty *terminal);

/* For a PtyProgram's `run`: does as a shell does, where `run` is a job of its own, which can be
 * stopped and, by a typed line, continued. Says "job stopped". The job's exit status, or 1.
 */
int pty_run_job(int (*run)(void));

/* The terminal goes away while the program runs. */
void pty_hang_up(Pty *terminal);

/* Waits for the program's end, whoever else still holds the terminal open, and takes what it has
 * sent; its wait status, or -1 (which is neither an exit nor a signal) where it does not end in
 * time. */
int pty_wait(Pty *terminal);

/* As pty_wait; the exit status, or -1. */
int pty_end(Pty *terminal);

void pty_type(const Pty *terminal, const char *keys);

/* Types a line at a fresh prompt. */
void pty_enter(Pty *terminal, const char *line);

/* Waits until a row holds `text`; prints the screen where none does in time. */
bool pty_wait_for(Pty *terminal, const char *text);

/* Waits until the cursor stands behind a prompt with nothing typed. */
bool pty_wait_for_prompt(Pty *terminal);

/* Takes what comes until there is a pause: the rest of a frame. */
void pty_settle(Pty *terminal);

/* Takes what has come, after waiting for it at most so long; false when there is nothing more to come. */
bool pty_pump(Pty *terminal, int milliseconds);

/* Takes what comes for so long, whatever it is. */
void pty_watch(Pty *terminal, int milliseconds);

/* Where the cursor is. */
VTermPos pty_cursor(const Pty *terminal);

/* The last row that is not empty: the prompt's, in a view. */
void pty_last_row(const Pty *terminal, char line[PTY_LINE]);

void pty_row(const Pty *terminal, int row, char line[PTY_LINE]);
int pty_count_rows(const Pty *terminal, const char *text);
void pty_resize(const Pty *terminal, int rows, int cols);

/* The terminal's settings are those of a shell: lines, echo, signals, line ends. */
bool pty_is_cooked(const Pty *terminal);

#endif
