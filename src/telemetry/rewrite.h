/* What is checked and changed in a text before Lua reads it; Lua itself is not needed for it. */
#ifndef TELEMETRY_REWRITE_H
#define TELEMETRY_REWRITE_H

#include "base/text.h"
#include "telemetry/expr.h"
#include "telemetry/tokens.h"

/* The name under which the sandbox keeps the value that REWRITE_JOIN and REWRITE_DIFFER need. */
#define REWRITE_MARKER "__it"

typedef struct RewriteRules {
    bool script;           /* names that nobody knows may be globals, and are left to run time */
    const Snapshot *known; /* its tensors are all there are; NULL: unknown, not checked */
} RewriteRules;

/* Checks every name and how the metrics are used, and gathers what they need. Fails: STATUS_USAGE. */
Status rewrite_check(const Tokens *tokens, const RewriteRules *rules, ExprNeeds *needs) MUST_CHECK;

/* Appends `text`, whose tokens these are, as Lua shall read it: every number as a float (Lua's
 * integers would wrap), `..` and != as operations of the sandbox, which know none and write numbers
 * as the shortest that read back. */
void rewrite_append(const char *text, const Tokens *tokens, Text *lua);

/* "there is no 'lss' here; did you mean loss?" */
Status rewrite_unknown(const char *name, bool script) MUST_CHECK;

#endif
