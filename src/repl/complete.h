/* What Tab offers, as a pure function of the line: everything comes from the tables. */
#ifndef REPL_COMPLETE_H
#define REPL_COMPLETE_H

#include "telemetry/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

/* Characters that end the word before the cursor. */
#define COMPLETE_BREAKS " \t;=\"'(),:<>+*/^"

typedef struct Candidates {
    size_t start; /* of the word that is replaced; it goes up to the cursor */
    char **words; /* sorted, each beginning with what is there already */
    size_t count, room;
    bool files;  /* a file name is wanted instead */
    char behind; /* what a single candidate wants behind it: a blank, a closing quote, or 0 where
                      it ends in `=` or `(` */
} Candidates;

/* `known` gives the tensors and may be NULL. Caller releases. */
void complete(const char *line, size_t cursor, const Snapshot *known, Candidates *candidates);
void candidates_release(Candidates *candidates);

#endif
