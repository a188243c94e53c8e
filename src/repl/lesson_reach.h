/* How far the commands of a lesson may reach: into the session, and not into the learner's files, the
 * lesson itself, or what differs from one machine and hour to the next.
 */
#ifndef REPL_LESSON_REACH_H
#define REPL_LESSON_REACH_H

#include "repl/args.h"

/* A command that is read and not yet run. Fails: STATUS_USAGE: it writes or reads a file outside of
 * halfstep's own folder, or steers lessons. */
Status reach_of_command(const Args *args) MUST_CHECK;

/* All commands of a text, those in the texts of a `lua` among them. `line`: that of the first that fails,
 * from 1. */
Status reach_of_text(const char *text, int *line) MUST_CHECK;

#endif
