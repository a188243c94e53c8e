/* Mistakes with a scaler that are at work, for `why`. */
#ifndef REPL_EXPLAIN_MISTAKES_H
#define REPL_EXPLAIN_MISTAKES_H

#include "base/text.h"
#include "telemetry/snapshot.h"

/* Appends, for each of scale skip=off, scale unscale=off and clip when=before-unscale that is set while
 * the loss is scaled, what it does and what ends it. False: there is none. */
bool explain_mistakes(const Snapshot *snapshot, Text *text);

#endif
