/* The live view over the running training. */
#ifndef REPL_WATCH_H
#define REPL_WATCH_H

#include "repl/repl.h"

/* Takes the terminal until q; the first time, and while nothing is training, starts an endless run
 * at a pace that the eye can follow. A run that was under way before goes on afterwards, one that
 * the view began is paused. Fails: as screen_open, session_problem and session_start. */
Status watch_run(Repl *repl) MUST_CHECK;

/* The next pace of + (up) and -: doubles and halves; 0 is as fast as it goes. */
double watch_pace(double pace, bool up);

/* The name of the tensor `steps` places behind (before) the one looked at, round and round; NULL
 * where there is none. */
const char *watch_neighbour(const Snapshot *snapshot, const char *name, int steps);

#endif
