#include "train/loaded.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = DATA_PATH + 256 };

static int64_t stamp_of(const DataSpec *spec)
{
    return spec->path[0] == '\0' ? 0 : file_stamp(spec->path);
}

bool loaded_is_stale(const LoadedData *data)
{
    return data->stamp != stamp_of(&data->spec);
}

static bool is_of(const LoadedData *data, const DataSpec *spec)
{
    char wanted[WORDS], have[WORDS];

    data_spec_print(spec, wanted, sizeof wanted);
    data_spec_print(&data->spec, have, sizeof have);
    return strcmp(wanted, have) == 0 && data->spec.seed == spec->seed && !loaded_is_stale(data);
}

DataView loaded_view(const Dataset *set)
{
    return (DataView){
        .inputs = set->inputs,
        .labels = set->labels,
        .targets = set->targets,
        .train_count = set->train_count,
        .test_count = set->test_count,
        .features = set->features,
        .target_width = set->target_width,
        .text_count = set->text_count,
        .held_out_from = set->held_out_from,
    };
}

static void free_data(LoadedSets *loaded, LoadedData *data)
{
    if (data->device != NULL)
        loaded->class->data_free(data->device);
    data_free(data->set);
    free(data);
}

static Status load(LoadedSets *loaded, const DataSpec *spec, LoadedData **data)
{
    LoadedData *made = xcalloc(1, sizeof *made);
    DataView view;
    Status status;

    made->spec = *spec;
    made->stamp = stamp_of(spec);
    status = data_load(spec, &made->set);
    if (!failed(status)) {
        view = loaded_view(made->set);
        status = loaded->class->data_new(loaded->backend, &view, &made->device);
    }
    if (failed(status))
        free_data(loaded, made);
    else
        *data = made;
    return status;
}

Status loaded_get(LoadedSets *loaded, const DataSpec *spec, LoadedData **data)
{
    int place = 0;

    for (int i = 0; i < DATA_KEPT; i++)
        if (loaded->sets[i] != NULL && is_of(loaded->sets[i], spec)) {
            *data = loaded->sets[i];
            return ok();
        }
    TRY(load(loaded, spec, data));
    while (loaded->sets[place] != NULL) /* loaded_keep left room */
        place++;
    loaded->sets[place] = *data;
    return ok();
}

static bool is_used(const LoadedData *data, const LoadedData *const *used, int count)
{
    for (int i = 0; i < count; i++)
        if (used[i] == data)
            return true;
    return false;
}

void loaded_keep(LoadedSets *loaded, const LoadedData *const *used, int count)
{
    for (int i = 0; i < DATA_KEPT; i++) {
        LoadedData *data = loaded->sets[i];

        if (data == NULL || is_used(data, used, count))
            continue;
        free_data(loaded, data);
        loaded->sets[i] = NULL;
    }
}

void loaded_unshare(LoadedSets *loaded)
{
    for (int i = 0; i < DATA_KEPT; i++) {
        if (loaded->sets[i] == NULL)
            continue;
        loaded->class->data_free(loaded->sets[i]->device);
        free(loaded->sets[i]);
        loaded->sets[i] = NULL;
    }
}

static Status share_one(const LoadedData *from, const LoadedSets *to, LoadedData **data)
{
    LoadedData *made = xcalloc(1, sizeof *made);
    DataView view = loaded_view(from->set);
    Status status;

    *made = *from;
    status = to->class->data_new(to->backend, &view, &made->device);
    if (failed(status))
        free(made);
    else
        *data = made;
    return status;
}

Status loaded_share(const LoadedSets *from, const BackendClass *class, Backend *backend,
                    LoadedSets *to)
{
    Status status = ok();

    *to = (LoadedSets){.class = class, .backend = backend};
    for (int i = 0; i < DATA_KEPT && !failed(status); i++)
        if (from->sets[i] != NULL)
            status = share_one(from->sets[i], to, &to->sets[i]);
    if (failed(status))
        loaded_unshare(to);
    return status;
}

LoadedData *loaded_twin(const LoadedSets *from, const LoadedData *data, const LoadedSets *to)
{
    for (int i = 0; i < DATA_KEPT; i++)
        if (data != NULL && from->sets[i] == data)
            return to->sets[i];
    return NULL;
}
