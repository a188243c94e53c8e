/* What went wrong, in a sentence or two: the answer to `why`. */
#ifndef REPL_EXPLAIN_H
#define REPL_EXPLAIN_H

#include "repl/stories.h"

/* Appends the most important story of the run, or that there is none. */
void explain(const Case *what, Text *text);

/* Appends the names of further stories that are the run's: "skip, growth"; false: there are none. */
bool explain_further(const Case *what, Text *text);

#endif
