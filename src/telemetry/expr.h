/* Expressions over the metrics, for print, until, when and checks; and scripts of commands.
 *
 * The language is Lua 5.4 in a sandbox: no io, os, debug, require, load, pcall, metatables, string
 * patterns or rep; an instruction limit and a 16 MiB cap. Before Lua reads a text, 1% becomes 0.01,
 * 64k becomes 65536 and != becomes ~=; 2^16 stays; mod(a, b) is the remainder. `none` is a missing
 * number: it prints as none, arithmetic with it gives none, and every comparison with it is false,
 * != among them. Numbers join to texts (..) as the shortest that read back.
 *
 * What has been made happen (telemetry/past.h) goes by the names runs, last_run, looked, sums and start, where the
 * snapshot knows it; each run has all metrics: last_run.moved("fc1.weight"). any, count, least, most, mean
 * and sd ask all of a list. fp16(x) and its like are x as the format stores it.
 *
 * Thread rule: an Expr or a Script belongs to one thread at a time; each has a Lua state of its own.
 */
#ifndef TELEMETRY_EXPR_H
#define TELEMETRY_EXPR_H

#include "base/text.h"
#include "telemetry/metric.h"

typedef struct Expr Expr;

typedef struct ExprNeeds {
    bool accuracy, moved, updates;
    bool clock; /* what a clock says is no fact of the run */
} ExprNeeds;

/* Reads one or more expressions separated by commas. Every name is checked now: metrics, tensors of
 * `known` (a tensor metric takes its name as text: underflow("fc2.out.grad")), and Lua's
 * arithmetic. Where `known` is NULL, tensors are not checked. Caller frees. Fails:
 * STATUS_USAGE, naming the word and, where one is near, its like. */
Status expr_read(const char *text, const Snapshot *known, Expr **expr) MUST_CHECK;
void expr_free(Expr *expr);

/* Which metrics must be measured before the snapshot is asked, and whether a clock has a say in it. */
ExprNeeds expr_needs(const Expr *expr);

/* The names of tensors that stand in it, a line each; borrowed. */
const char *expr_tensors(const Expr *expr);

/* True when the (first) value is true; numbers and none are refused.
 * Fails: STATUS_USAGE: not a yes or no, too long, a tensor that is gone. */
Status expr_test(Expr *expr, const Snapshot *snapshot, bool *holds) MUST_CHECK;

/* Appends all values to `line`, tab-separated: numbers as the shortest that read back exactly,
 * none, true, false, text as it is. Fails as expr_test. */
Status expr_print(Expr *expr, const Snapshot *snapshot, Text *line) MUST_CHECK;

/* What a script may do besides computing. */
typedef struct ScriptDoors {
    void *context;
    Status (*command)(void *context, const char *line);                 /* command("scale 8") */
    Status (*look)(void *context, ExprNeeds needs, Snapshot *snapshot); /* a metric was named:
                                     fills a fresh snapshot, which the script releases */
    void (*print)(void *context, const char *line);                     /* print(...) */
} ScriptDoors;

typedef struct Script Script;

/* Globals persist from one run to the next, as at Lua's own prompt. Metrics are read when named. */
Script *script_new(const ScriptDoors *doors);
void script_free(Script *script);

/* Runs a chunk; an expression alone prints its value. `interrupted` (may be NULL) is asked now and
 * then. Fails: the first failing command's Status; STATUS_USAGE with Lua's message; STATUS_INTERRUPTED. */
Status script_run(Script *script, const char *chunk, bool (*interrupted)(void)) MUST_CHECK;

#endif
