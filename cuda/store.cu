/* The lasting state of a run on the device: arrays by name, and the scalars that a step reads. */
#include "plan.h"

#include <string.h>

Status cuda_store_new(Backend *backend, Store **store)
{
    Store *made = new Store();
    Status status;

    made->backend = backend;
    made->last = {};
    made->last.scale = made->last.loss_weight = 1.0f;
    status = backend_use(backend);
    if (!failed(status))
        status =
            cuda_status(backend, cudaMalloc((void **)&made->scalars, sizeof(Scalars)), "a run");
    if (failed(status)) {
        delete made;
        return status;
    }
    cuda_scalars_set(made, &made->last);
    *store = made;
    return ok();
}

void cuda_store_free(Store *store)
{
    if (store == NULL)
        return;
    cudaStreamSynchronize(store->backend->stream);
    for (Lasting &array : store->arrays)
        cudaFree(array.values);
    cudaFree(store->scalars);
    delete store;
}

static Lasting *find(Store *store, const char *name)
{
    for (Lasting &array : store->arrays)
        if (strcmp(array.name, name) == 0)
            return &array;
    return NULL;
}

Status store_find(Store *store, const char *name, int64_t count, float **values)
{
    Backend *backend = store->backend;
    Lasting *have = find(store, name), made = {};
    size_t bytes = (size_t)count * sizeof(float);

    if (have != NULL && have->count == count) {
        *values = have->values;
        return ok();
    }
    TRY(backend_use(backend));
    CUDA_TRY(backend, cudaMalloc((void **)&made.values, bytes), "the weights and their state");
    cuda_store_drop(store, name);
    made.count = count;
    text_copy(made.name, sizeof made.name, name);
    store->arrays.push_back(made);
    *values = made.values;
    return cuda_status(backend, cudaMemsetAsync(made.values, 0, bytes, backend->stream),
                       "clearing memory");
}

Status cuda_store_write(Store *store, const char *name, const float *values, int64_t count)
{
    Backend *backend = store->backend;
    float *room;

    TRY(store_find(store, name, count, &room));
    store->version++;
    CUDA_TRY(backend,
             cudaMemcpyAsync(room, values, (size_t)count * sizeof *values, cudaMemcpyHostToDevice,
                             backend->stream),
             "writing weights");
    return cuda_settle(backend);
}

Status cuda_store_read(Store *store, const char *name, float *values, int64_t count)
{
    Backend *backend = store->backend;
    const Lasting *array = find(store, name);

    if (array == NULL || array->count != count)
        return fail(STATUS_SHAPE, "there is no tensor %s of %lld numbers", name, (long long)count);
    CUDA_TRY(backend,
             cudaMemcpyAsync(values, array->values, (size_t)count * sizeof *values,
                             cudaMemcpyDeviceToHost, backend->stream),
             "reading weights");
    return cuda_settle(backend);
}

void cuda_store_drop(Store *store, const char *name)
{
    Lasting *array = find(store, name);

    if (array == NULL)
        return;
    cudaStreamSynchronize(store->backend->stream);
    cudaFree(array->values);
    *array = store->arrays.back();
    store->arrays.pop_back();
    store->version++;
}

void cuda_scalars_get(Store *store, Scalars *scalars)
{
    Backend *backend = store->backend;
    cudaError_t error = cudaMemcpyAsync(&store->last, store->scalars, sizeof store->last,
                                        cudaMemcpyDeviceToHost, backend->stream);

    /* Where the device is lost they stay as last known, and the next call that can fail says so. */
    (void)failed(cuda_status(backend, error, "reading the scale"));
    (void)failed(cuda_settle(backend));
    *scalars = store->last;
}

void cuda_scalars_set(Store *store, const Scalars *scalars)
{
    Backend *backend = store->backend;

    store->last = *scalars;
    (void)failed(cuda_status(backend,
                             cudaMemcpyAsync(store->scalars, &store->last, sizeof store->last,
                                             cudaMemcpyHostToDevice, backend->stream),
                             "writing the scale"));
    (void)failed(cuda_settle(backend));
}
