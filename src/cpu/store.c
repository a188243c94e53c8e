#include "cpu/plan.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

Status cpu_store_new(Backend *backend, Store **store)
{
    (void)backend;
    *store = xcalloc(1, sizeof **store);
    (*store)->scalars = (Scalars){.scale = 1.0f, .loss_weight = 1.0f};
    return ok();
}

void cpu_store_free(Store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->count; i++)
        free(store->tensors[i].values);
    free(store->tensors);
    free(store);
}

static Tensor *find(Store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++)
        if (strcmp(store->tensors[i].name, name) == 0)
            return &store->tensors[i];
    return NULL;
}

float *cpu_store_find(Store *store, const char *name, int64_t count)
{
    Tensor *tensor = find(store, name);

    if (tensor != NULL && tensor->count == count)
        return tensor->values;
    cpu_store_drop(store, name);
    store->tensors = grow(store->tensors, store->count, &store->room, sizeof *store->tensors);
    tensor = &store->tensors[store->count++];
    *tensor = (Tensor){.values = xaligned((size_t)count, sizeof(float)), .count = count};
    text_copy(tensor->name, sizeof tensor->name, name);
    memset(tensor->values, 0, (size_t)count * sizeof(float));
    return tensor->values;
}

Status cpu_store_write(Store *store, const char *name, const float *values, int64_t count)
{
    memcpy(cpu_store_find(store, name, count), values, (size_t)count * sizeof *values);
    return ok();
}

Status cpu_store_read(Store *store, const char *name, float *values, int64_t count)
{
    const Tensor *tensor = find(store, name);

    if (tensor == NULL || tensor->count != count)
        return fail(STATUS_SHAPE, "there is no tensor %s of %lld numbers", name, (long long)count);
    memcpy(values, tensor->values, (size_t)count * sizeof *values);
    return ok();
}

void cpu_store_drop(Store *store, const char *name)
{
    Tensor *tensor = find(store, name);

    if (tensor == NULL)
        return;
    free(tensor->values);
    *tensor = store->tensors[--store->count];
}

void cpu_scalars_get(Store *store, Scalars *scalars)
{
    *scalars = store->scalars;
}

void cpu_scalars_set(Store *store, const Scalars *scalars)
{
    store->scalars = *scalars;
}
