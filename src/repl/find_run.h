/* A run by its name. */
#ifndef REPL_FIND_RUN_H
#define REPL_FIND_RUN_H

#include "train/session.h"

/* Fails: STATUS_USAGE: there is none of this name; names those there are. */
Status find_run(const Session *session, const char *name, int *run) MUST_CHECK;

#endif
