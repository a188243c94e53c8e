/* The lasting state of a run on the device: arrays by name, and the scalars that a step reads. */
#include "plan.h"

#include <stdlib.h>
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
        cudaFree(array.array.data);
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

/* An fp32 array has no gaps, so that its numbers lie the same, whatever its rows. */
static bool fits(const Array *have, const Array *wanted)
{
    return have->format == wanted->format &&
           (have->format == FORMAT_FP32 ||
            (have->rows == wanted->rows && have->cols == wanted->cols));
}

static Status make(Store *store, const char *name, const Array *like)
{
    Backend *backend = store->backend;
    Lasting made = {};

    made.array = *like;
    made.count = (int64_t)like->rows * like->cols;
    text_copy(made.name, sizeof made.name, name);
    TRY(backend_use(backend));
    CUDA_TRY(backend, cudaMalloc(&made.array.data, array_bytes(like)),
             "the weights and their state");
    cuda_store_drop(store, name);
    store->arrays.push_back(made);
    return cuda_status(backend,
                       cudaMemsetAsync(made.array.data, 0, array_bytes(like), backend->stream),
                       "clearing memory");
}

/* Numbers that were written before it was known how they lie. */
static Status lay_anew(Store *store, const char *name, const Array *like)
{
    Lasting *have = find(store, name);
    float *values = (float *)xcalloc((size_t)have->count + 1, sizeof *values);
    Status status = array_read(store->backend, &have->array, values);

    if (!failed(status))
        status = make(store, name, like);
    if (!failed(status))
        status = array_write(store->backend, &find(store, name)->array, values);
    free(values);
    return status;
}

Status store_find(Store *store, const char *name, Array *array)
{
    int64_t count = (int64_t)array->rows * array->cols;
    const Lasting *have = find(store, name);

    if (have == NULL || have->count != count)
        TRY(make(store, name, array));
    else if (!fits(&have->array, array))
        TRY(lay_anew(store, name, array));
    array->data = find(store, name)->array.data;
    return ok();
}

Status cuda_store_write(Store *store, const char *name, const float *values, int64_t count)
{
    Backend *backend = store->backend;
    const Lasting *have = find(store, name);
    Array flat = {};

    flat.rows = 1;
    flat.cols = flat.stride = (int)count;
    if (have == NULL || have->count != count)
        TRY(make(store, name, &flat));
    have = find(store, name);
    store->version++;
    if (have->array.format != FORMAT_FP32)
        return array_write(backend, &have->array, values);
    CUDA_TRY(backend,
             cudaMemcpyAsync(have->array.data, values, (size_t)count * sizeof *values,
                             cudaMemcpyHostToDevice, backend->stream),
             "writing weights");
    return cuda_settle(backend);
}

Status cuda_store_read(Store *store, const char *name, float *values, int64_t count)
{
    Backend *backend = store->backend;
    const Lasting *have = find(store, name);

    if (have == NULL || have->count != count)
        return fail(STATUS_SHAPE, "there is no tensor %s of %lld numbers", name, (long long)count);
    if (have->array.format != FORMAT_FP32)
        return array_read(backend, &have->array, values);
    CUDA_TRY(backend,
             cudaMemcpyAsync(values, have->array.data, (size_t)count * sizeof *values,
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
    cudaFree(array->array.data);
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
