/* What can go wrong in mixed precision, each a story that knows when it is the run's own: a row of a list,
 * in the order of importance. To add one: a Story in one of the files, its word here, a test.
 */
#ifndef REPL_STORIES_H
#define REPL_STORIES_H

#include "base/text.h"
#include "telemetry/snapshot.h"
#include "train/trail.h"

/* A run that somebody asks about; borrowed. */
typedef struct Case {
    const Snapshot *snapshot; /* with `moved` measured */
    const Trail *trail;
} Case;

typedef struct Story {
    const char *name;                           /* why NAME */
    const char *text;                           /* what it tells of, one line of help */
    const char *otherwise;                      /* said where it is not so */
    bool (*tell)(const Case *what, Text *text); /* appends it; false, and nothing: it is not so */
} Story;

#define STORIES(X) \
    X(eps) \
    X(nan) \
    X(running) \
    X(forward) \
    X(falling) \
    X(mistakes) \
    X(lost) \
    X(skip) \
    X(underflow) \
    X(clamped) \
    X(masters) \
    X(weights) \
    X(loss) \
    X(idle) \
    X(capped) \
    X(stuck) \
    X(growth)

#define DECLARE_STORY(name) extern const Story name##_story;
STORIES(DECLARE_STORY)
#undef DECLARE_STORY

extern const Story *const story_table[]; /* ends in NULL */

const Story *story_find(const char *name); /* NULL: there is none */

/* Clean steps since the last skip; those of the run where none was skipped. */
int64_t story_clean_steps(const Snapshot *snapshot);

/* Appends "It began at linear fc2.out, in the forward phase: ..."; nothing where nothing is found. */
void story_trail(const Trail *trail, Text *text);

/* Appends "`inject inf fc1.out` went into this step."; nothing where nothing did. What it was meant
 * to show is not to be blamed on the training. */
void story_injected(const SkipFacts *skip, Text *text);

#endif
