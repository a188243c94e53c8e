/* What may be named on a command line, each with a line of help: one way to walk all the tables,
 * for checking, completion and help.
 */
#ifndef REPL_NAMES_H
#define REPL_NAMES_H

#include "telemetry/snapshot.h"
#include "train/catalog.h"

typedef enum Names {
    NAMES_NONE,
    NAMES_DATA,
    NAMES_LAYERS,
    NAMES_NETS, /* layers, and networks that have a name */
    NAMES_ACTIVATIONS,
    NAMES_LOSSES,
    NAMES_OPTIMIZERS,
    NAMES_AUTOCAST,
    NAMES_KEPT,   /* operations that keep= takes */
    NAMES_FORCED, /* operations that force= takes */
    NAMES_FORMATS,
    NAMES_OPS,
    NAMES_BACKENDS,
    NAMES_COMMANDS,
    NAMES_METRICS,
    NAMES_PANELS,
    NAMES_SHOWN, /* panels, and what else `show` takes */
    NAMES_LISTS, /* what `show` takes besides panels */
    NAMES_TERMS,
    NAMES_STORIES, /* what `why` tells of */
    NAMES_TENSORS, /* of a snapshot */
    NAMES_RUNS,    /* of a snapshot */
    NAMES_MARKS,   /* of a snapshot */
    NAMES_TOPICS,  /* everything that `help` explains */
    NAMES_VIEW,    /* what `view` sets */
    NAMES_VIEWED,  /* and to what */
    NAMES_LESSONS, /* what `lesson` takes; with it Tab offers those of the course */
    NAMES_COURSE,  /* no table: lessons by label, name or file, read when Tab asks */
    NAMES_LANGS,   /* that lessons are in */
    NAMES_FILES,   /* no table: left to the file system */
} Names;

/* The words that `lesson` takes; repl/commands/lesson.c. */
bool lesson_word(int i, CatalogEntry *entry);

/* Entry `i`, false behind the last. `known` gives the tensors and may be NULL. */
bool names_get(Names names, const Snapshot *known, int i, CatalogEntry *entry);

bool names_has(Names names, const Snapshot *known, const char *word);

/* "did you mean ...": the nearest name, borrowed from the tables or `known`; or NULL. */
const char *names_nearest(Names names, const Snapshot *known, const char *word);

#endif
