/* The list of data sets, one word each: the table, the help and the completion follow it. */
#ifndef DATA_KINDS_H
#define DATA_KINDS_H

#include "data/data.h"

#define DATA_KINDS(X) \
    X(fashion) \
    X(fashion_full) \
    X(spirals) \
    X(spirals_three) \
    X(moons) \
    X(noise) \
    X(csv) \
    X(idx) \
    X(text)

#define DATA_KIND_DECLARE(word) extern const DataKind word##_kind;
DATA_KINDS(DATA_KIND_DECLARE)
#undef DATA_KIND_DECLARE

/* The kind of exactly this name, or NULL. */
const DataKind *data_kind_find(const char *name);

#endif
