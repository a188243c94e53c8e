/* The program between its start and its end: at a prompt, or in batch use. */
#ifndef REPL_LOOP_H
#define REPL_LOOP_H

#include "repl/options.h"
#include "train/session.h"

/* Runs what the options say and returns the exit status: 0; 1 where a command failed in batch use,
 * or results could not be written; 130 after Ctrl-C in batch use. */
int loop_run(Session *session, const Options *options);

#endif
