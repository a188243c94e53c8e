/* What went wrong last, in a sentence or two: the answer to `why`. */
#ifndef REPL_EXPLAIN_H
#define REPL_EXPLAIN_H

#include "base/text.h"
#include "telemetry/snapshot.h"

/* Appends, in this order of importance: mistakes that are at work (repl/explain_mistakes.h); a gradient
 * that is wholly lost in its cast, while that is so; else the last skipped step; else that nothing was
 * skipped. */
void explain(const Snapshot *snapshot, Text *text);

#endif
