/* The tables of the floors below, for completion and help: what may be named, each with a line of
 * help. repl reads these and needs no lower folder.
 */
#ifndef TRAIN_CATALOG_H
#define TRAIN_CATALOG_H

#include "base/status.h"

typedef struct CatalogEntry {
    const char *name, *text;
} CatalogEntry;

typedef enum Catalog {
    CATALOG_DATA,   /* data sets */
    CATALOG_LAYERS, /* layers, activations among them */
    CATALOG_NETS,   /* the same, behind networks that have a name */
    CATALOG_ACTIVATIONS,
    CATALOG_LOSSES,
    CATALOG_OPTIMIZERS,
    CATALOG_AUTOCAST, /* formats that autocast takes, and "off" */
    CATALOG_KEPT,     /* operations that keep= holds in fp32 */
    CATALOG_FORCED,   /* operations that force= runs low */
    CATALOG_FORMATS,  /* all formats */
    CATALOG_OPS,      /* instructions of a program */
    CATALOG_BACKENDS,
} Catalog;

/* Entry `i`, false behind the last. */
bool catalog_get(Catalog catalog, int i, CatalogEntry *entry);

bool catalog_has(Catalog catalog, const char *name);

/* "did you mean ...": the nearest name, or NULL. */
const char *catalog_nearest(Catalog catalog, const char *word);

#endif
