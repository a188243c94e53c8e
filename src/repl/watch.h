/* The live view, with the prompt inside: the whole screen shows the training, and below it lines are
 * read, and answered, as at the prompt.
 *
 * Thread rule: the main thread only. Repl.watch is the view, NULL while it is closed.
 */
#ifndef REPL_WATCH_H
#define REPL_WATCH_H

#include "base/text.h"
#include "repl/line.h"
#include "repl/repl.h"

typedef struct Watch Watch;

/* Opens the view and returns; from then on lines come from watch_line. Harmless where it is open. A pace
 * of "as fast as it goes" becomes one that the eye can follow. Fails: as screen_open. */
Status watch_open(Repl *repl) MUST_CHECK;

/* Closes it, as `watch off`: the training goes on as it was, at the pace it had before the view unless
 * another was chosen. Harmless where it is closed. */
void watch_close(Repl *repl);

/* The next line typed in the open view, which is drawn until then. Where the learner leaves the view
 * (^D) it closes, and the line is empty. LINE_GONE: the terminal has closed. */
LineEnd watch_line(Repl *repl, Text *line);

/* Draws and takes keys for at most `seconds`: for whoever waits for something meanwhile. */
void watch_tick(Repl *repl, double seconds);

/* The size of the open view. */
int watch_rows(const Watch *watch);
int watch_columns(const Watch *watch);

/* The next pace of + (up) and -: doubles and halves; 0 is as fast as it goes. */
double watch_pace(double pace, bool up);

/* The name of the tensor `steps` places behind (before) the one looked at, round and round; NULL
 * where there is none. */
const char *watch_neighbour(const Snapshot *snapshot, const char *name, int steps);

#endif
