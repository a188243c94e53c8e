/* Waiting for a training that was just started, with a bar where there is a terminal to draw it. */
#ifndef REPL_PROGRESS_H
#define REPL_PROGRESS_H

#include "repl/repl.h"

/* Starts towards `goal`, waits, and says in a line how it went. The first Ctrl-C pauses at the end
 * of the step, a second one within it; either way the run stays as it is.
 * Fails: as session_start; STATUS_INTERRUPTED after Ctrl-C. */
Status progress_train(Repl *repl, const Goal *goal) MUST_CHECK;

/* Appends "240 of 400 steps  loss 0.03121  scale 2^16  2 skipped". `done` and `wanted` are of this
 * training; wanted 0: no number of steps was asked for. */
void progress_line(const Snapshot *snapshot, Progress progress, Text *text);

/* Appends the same in less room, with a bar and the speed: "[####------]  160/400  ...  812/s". */
void progress_bar(const Snapshot *snapshot, Progress progress, Text *text);

#endif
