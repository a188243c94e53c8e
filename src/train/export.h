/* What leaves a session: a trace of its steps, its commands as a script, its experiment for PyTorch.
 *
 * Thread rule: as session.h, the main thread. Everything takes effect at a step boundary.
 */
#ifndef TRAIN_EXPORT_H
#define TRAIN_EXPORT_H

#include "train/session.h"

/* A trace under way; or the end of the last one. */
typedef struct TraceFacts {
    bool armed;
    char path[192]; /* cut where it is longer */
    int64_t steps;  /* whose rows there are */
} TraceFacts;

/* From the next step on every step is written to FILE.csv (and FILE.tensors.csv) or FILE.jsonl, as
 * train/trace.h says. Meanwhile steps are taken one at a time.
 * Fails: STATUS_USAGE: one is under way, or the name ends otherwise; STATUS_IO. */
Status session_trace(Session *session, const char *path) MUST_CHECK;

/* Ends the trace, into its file. `facts`: of the trace that ended. Fails: STATUS_USAGE: there is none;
 * STATUS_IO. */
Status session_trace_end(Session *session, TraceFacts *facts) MUST_CHECK;

TraceFacts session_trace_facts(Session *session);

/* Once for each trace that ended by itself, since it could be written no further: why, and what its file
 * holds. Else OK. */
Status session_trace_problem(Session *session) MUST_CHECK;

/* Writes FILE.py, which goes on from here in PyTorch, and FILE.safetensors with the numbers it reads.
 * Fails: STATUS_USAGE: another ending; STATUS_UNSUPPORTED: PyTorch has no such part; STATUS_IO; or as
 * session_problem. */
Status session_export_pytorch(Session *session, const char *path) MUST_CHECK;

/* Writes all that the session did as commands: sourced, they do it again (train/journal.h).
 * Fails: STATUS_UNSUPPORTED: something cannot be done again by commands; STATUS_IO. */
Status session_export_script(Session *session, const char *path) MUST_CHECK;

#endif
