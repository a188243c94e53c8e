/* Data sets in memory and on the device: the few that the present run and the one behind undo use.
 *
 * Thread rule: the worker's.
 */
#ifndef TRAIN_LOADED_H
#define TRAIN_LOADED_H

#include "data/data.h"
#include "program/backend.h"

enum { DATA_KEPT = 6 };

typedef struct LoadedData {
    DataSpec spec;
    int64_t stamp; /* of the file it came from, then; 0: it came from none */
    Dataset *set;
    DeviceData *device;
} LoadedData;

typedef struct LoadedSets {
    const BackendClass *class;
    Backend *backend;
    LoadedData *sets[DATA_KEPT];
} LoadedSets;

/* The set of this description, loaded where it is not held or its file has changed since.
 * Borrowed until loaded_keep leaves it out. Fails: as data_load. */
Status loaded_get(LoadedSets *loaded, const DataSpec *spec, LoadedData **data) MUST_CHECK;

/* A set as a backend takes it. Borrows its arrays. */
DataView loaded_view(const Dataset *set);

/* The file behind it is no longer the one that was read. */
bool loaded_is_stale(const LoadedData *data);

/* Lets go of all but these, any of which may be NULL; at most DATA_KEPT - 2 of them. */
void loaded_keep(LoadedSets *loaded, const LoadedData *const *used, int count);

/* Takes all that `from` holds to another backend; both share the data in memory. Exactly one of them
 * is let go of with loaded_unshare afterwards. Fails: STATUS_MEMORY, STATUS_DEVICE; nothing is held. */
Status loaded_share(const LoadedSets *from, const BackendClass *class, Backend *backend,
                    LoadedSets *to) MUST_CHECK;
void loaded_unshare(LoadedSets *loaded);

/* What `to` has for a set that `from` holds; NULL for NULL. */
LoadedData *loaded_twin(const LoadedSets *from, const LoadedData *data, const LoadedSets *to);

#endif
