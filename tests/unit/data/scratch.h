/* A folder of a test's own under /tmp, and the files it writes there. */
#ifndef TESTS_UNIT_DATA_SCRATCH_H
#define TESTS_UNIT_DATA_SCRATCH_H

#include "data/data.h"

#include <stddef.h>

void scratch_make(void);
void scratch_remove(void);

/* FOLDER/name; valid until the eighth call after it. */
const char *scratch_path(const char *name);

void scratch_put(const char *name, const void *data, size_t count);
void scratch_put_gz(const char *name, const void *data, size_t count);

/* A default spec of kind and path, with the folder put before the path. */
DataSpec scratch_spec(const char *kind, const char *name);

/* Loads and asserts that it went well; the caller frees. */
Dataset *loaded(const DataSpec *spec);

/* True where the inputs of both are the same, number for number. */
bool same_inputs(const Dataset *one, const Dataset *other);

/* Loading fails with this code, leaves no data set, and the text has `part` and is a sentence. */
void refuses(const DataSpec *spec, StatusCode code, const char *part);

#endif
