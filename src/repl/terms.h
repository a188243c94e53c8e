/* The words of the field, each explained in a sentence or two: `help underflow`. */
#ifndef REPL_TERMS_H
#define REPL_TERMS_H

#include "train/catalog.h"

/* Entry `i`, false behind the last. Names are one word or several ("loss scale"). */
bool term_get(int i, CatalogEntry *entry);

/* The sentences for a term, or NULL. */
const char *term_find(const char *name);

/* The one term of several words that begins with this word, as kahan does for "kahan summation";
 * NULL where none or several do. */
const char *term_beginning(const char *word);

#endif
