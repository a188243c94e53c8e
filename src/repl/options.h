/* The words on the program's own command line. */
#ifndef REPL_OPTIONS_H
#define REPL_OPTIONS_H

#include "base/status.h"

enum { LESSON_WORDS = 512 };

typedef struct Options {
    const char *backend;  /* "auto", "cpu", "cuda", "cuda:N" */
    int threads;          /* 0: one for each processor */
    const char *commands; /* -c; NULL: not given */
    const char *file;     /* NULL: not given */
    bool transcript;      /* a prompt and its echo although no terminal is there */
    bool watch;           /* begin with the live view */
    bool help, version;
    char lesson
        [LESSON_WORDS]; /* `halfstep lesson check --all`: the command, which `commands` is then */
} Options;

/* HALFSTEP_THREADS counts where --threads is not given.
 * Fails: STATUS_USAGE: an option that is not known, lacks its value, or does not fit. */
Status options_read(int count, char **words, Options *options) MUST_CHECK;

void options_print_help(void);
void options_print_version(void);

#endif
