/* The device: opening it, what it says of itself, and data sets in its memory. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

Status cuda_trouble(Backend *backend, const char *words, const char *what)
{
    if (!failed(backend->trouble))
        backend->trouble = fail(STATUS_DEVICE, "the GPU was lost while %s (%.90s)", what, words);
    return backend->trouble;
}

Status cuda_status(Backend *backend, cudaError_t error, const char *what)
{
    size_t left = 0, all = 0;

    if (failed(backend->trouble))
        return backend->trouble;
    if (error == cudaSuccess)
        return ok();
    if (error != cudaErrorMemoryAllocation)
        return cuda_trouble(backend, cudaGetErrorString(error), what);
    cudaGetLastError();
    cudaMemGetInfo(&left, &all);
    return fail(
        STATUS_MEMORY,
        "the GPU has not enough memory for %s (%lld MiB of %lld are free); make the network "
        "or the batch smaller, or say backend cpu",
        what, (long long)(left >> 20), (long long)(all >> 20));
}

Status backend_use(Backend *backend)
{
    return cuda_status(backend, cudaSetDevice(backend->device), "it was chosen");
}

Status cuda_launched(Backend *backend, const char *what)
{
    return cuda_status(backend, cudaGetLastError(), what);
}

Status cuda_settle(Backend *backend)
{
    return cuda_status(backend, cudaStreamSynchronize(backend->stream), "a step ran");
}

/* Each reason why there is no GPU to compute on, in words of its own. */
static Status refuse(cudaError_t error)
{
    const char *words = cudaGetErrorString(error);

    cudaGetLastError();
    switch (error) {
    case cudaErrorNoDevice:
        return fail(STATUS_UNSUPPORTED, "cuda: no device (%s)", words);
    case cudaErrorInsufficientDriver:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
        return fail(STATUS_UNSUPPORTED,
                    "cuda: the driver is too old for CUDA %d.%d (%s); install a newer one",
                    CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, words);
    case cudaErrorDevicesUnavailable:
        return fail(STATUS_UNSUPPORTED,
                    "cuda: the device is busy or held exclusively by another program (%s)", words);
    case cudaErrorNoKernelImageForDevice:
        return fail(STATUS_UNSUPPORTED, "cuda: the GPU is older than compute capability 7.5 (%s)",
                    words);
    default:
        return fail(STATUS_UNSUPPORTED, "cuda: the device cannot be used (%s)", words);
    }
}

static Status find_device(const BackendOptions *options, cudaDeviceProp *about)
{
    int count = 0, driver = 0;
    cudaError_t error = cudaGetDeviceCount(&count);

    if (error == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess &&
        driver == 0)
        return fail(STATUS_UNSUPPORTED, "cuda: no NVIDIA driver");
    if (error != cudaSuccess)
        return refuse(error);
    if (count == 0)
        return refuse(cudaErrorNoDevice);
    if (options->device < 0 || options->device >= count)
        return fail(STATUS_UNSUPPORTED, "cuda: there is no device %d; the last one is cuda:%d",
                    options->device, count - 1);
    error = cudaGetDeviceProperties(about, options->device);
    if (error != cudaSuccess)
        return refuse(error);
    if (about->major * 10 + about->minor < 75)
        return refuse(cudaErrorNoKernelImageForDevice);
    return ok();
}

static Status open_device(Backend *made)
{
    size_t before = 0, after = 0, all = 0;
    cudaError_t error = cudaSetDevice(made->device);

    if (error == cudaSuccess)
        error = cudaMemGetInfo(&before, &all);
    if (error == cudaSuccess)
        error = cudaStreamCreateWithFlags(&made->stream, cudaStreamNonBlocking);
    if (error == cudaSuccess)
        error = cudaStreamCreateWithFlags(&made->side, cudaStreamNonBlocking);
    if (error == cudaSuccess)
        error = cudaEventCreateWithFlags(&made->forked, cudaEventDisableTiming);
    if (error == cudaSuccess)
        error = cudaEventCreateWithFlags(&made->joined, cudaEventDisableTiming);
    if (error == cudaSuccess)
        error = cudaMalloc(&made->workspace, WORKSPACE_BYTES);
    if (error == cudaSuccess)
        error = cudaMalloc(&made->side_workspace, WORKSPACE_BYTES);
    if (error != cudaSuccess)
        return refuse(error);
    if (cublasLtCreate(&made->products) != CUBLAS_STATUS_SUCCESS)
        return fail(STATUS_UNSUPPORTED, "cuda: cuBLAS does not start on this device");
    cudaMemGetInfo(&after, &all);
    made->runtime_bytes = all - before;
    return ok();
}

Status cuda_open(const BackendOptions *options, Backend **backend)
{
    const char *fuse = getenv("HALFSTEP_FUSE");
    Backend *made = new Backend();
    cudaDeviceProp about;
    Status status = find_device(options, &about);

    if (!failed(status)) {
        made->device = options->device;
        made->multiprocessors = about.multiProcessorCount;
        made->capability = about.major * 10 + about.minor;
        made->interrupted = options->interrupted;
        made->context = options->context;
        made->fuse = fuse == NULL || strcmp(fuse, "0") != 0;
        text_copy(made->name, sizeof made->name, about.name);
        status = open_device(made);
    }
    if (failed(status)) {
        cuda_close(made);
        return status;
    }
    *backend = made;
    return ok();
}

void cuda_close(Backend *backend)
{
    if (backend == NULL)
        return;
    if (backend->products != NULL)
        cublasLtDestroy(backend->products);
    cudaFree(backend->workspace);
    cudaFree(backend->side_workspace);
    if (backend->stream != NULL)
        cudaStreamDestroy(backend->stream);
    if (backend->side != NULL)
        cudaStreamDestroy(backend->side);
    if (backend->forked != NULL)
        cudaEventDestroy(backend->forked);
    if (backend->joined != NULL)
        cudaEventDestroy(backend->joined);
    delete backend;
}

void cuda_describe(const Backend *backend, char text[BACKEND_TEXT])
{
    const char *tf32 = getenv("NVIDIA_TF32_OVERRIDE");
    size_t version = cublasLtGetVersion();
    int driver = 0;
    Text words = {};

    cudaDriverGetVersion(&driver);
    text_printf(&words, "cuda:%d, %s, CUDA %d.%d (driver %d.%d), cuBLAS %d.%d.%d", backend->device,
                backend->name, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, driver / 1000,
                driver % 1000 / 10, (int)(version / 10000), (int)(version / 100 % 100),
                (int)(version % 100));
    if (tf32 != NULL && strcmp(tf32, "0") == 0)
        text_append(&words, ", no tf32: NVIDIA_TF32_OVERRIDE=0");
    text_copy(text, BACKEND_TEXT, text_chars(&words));
    text_release(&words);
}

static Status to_device(DeviceData *data, const void *from, size_t bytes, void **room)
{
    Backend *backend = data->backend;

    if (from == NULL)
        return ok();
    CUDA_TRY(backend, cudaMalloc(room, bytes == 0 ? 4 : bytes), "this data set");
    data->bytes += (int64_t)bytes;
    CUDA_TRY(backend, cudaMemcpyAsync(*room, from, bytes, cudaMemcpyHostToDevice, backend->stream),
             "copying the data set");
    return cuda_settle(backend);
}

static Status fill(DeviceData *data, const DataView *view)
{
    Backend *backend = data->backend;
    size_t examples = (size_t)(view->train_count + view->test_count);
    size_t numbers =
        view->text_count > 0 ? (size_t)view->text_count : examples * (size_t)view->features;
    size_t order = (size_t)(view->train_count + 1) * sizeof(int32_t);

    TRY(to_device(data, view->inputs, numbers * sizeof(float), (void **)&data->inputs));
    TRY(to_device(data, view->labels, view->labels == NULL ? 0 : examples * sizeof(int32_t),
                  (void **)&data->labels));
    TRY(to_device(data, view->targets, examples * (size_t)view->target_width * sizeof(float),
                  (void **)&data->targets));
    for (int i = 0; i < 2; i++) {
        CUDA_TRY(backend, cudaMalloc((void **)&data->orders[i], order), "this data set");
        CUDA_TRY(backend, cudaMemsetAsync(data->orders[i], 0, order, backend->stream),
                 "clearing memory");
        CUDA_TRY(backend, cudaMallocHost((void **)&data->pinned[i], order), "this data set");
        CUDA_TRY(backend, cudaEventCreateWithFlags(&data->sent[i], cudaEventDisableTiming),
                 "this data set");
    }
    return ok();
}

Status cuda_data_new(Backend *backend, const DataView *view, DeviceData **data)
{
    DeviceData *made = new DeviceData();
    Status status;

    made->backend = backend;
    made->train_count = view->train_count;
    made->test_count = view->test_count;
    made->features = view->features;
    made->target_width = view->target_width;
    made->text_count = view->text_count;
    made->held_out_from = view->held_out_from;
    status = backend_use(backend);
    if (!failed(status))
        status = fill(made, view);
    if (failed(status)) {
        cuda_data_free(made);
        return status;
    }
    *data = made;
    return ok();
}

void cuda_data_free(DeviceData *data)
{
    if (data == NULL)
        return;
    cudaStreamSynchronize(data->backend->stream);
    cudaFree(data->inputs);
    cudaFree(data->targets);
    cudaFree(data->labels);
    for (int i = 0; i < 2; i++) {
        cudaFree(data->orders[i]);
        cudaFreeHost(data->pinned[i]);
        if (data->sent[i] != NULL)
            cudaEventDestroy(data->sent[i]);
    }
    delete data;
}

Status cuda_data_order(DeviceData *data, int64_t epoch, const int32_t *order)
{
    Backend *backend = data->backend;
    size_t bytes = (size_t)data->train_count * sizeof *order;
    int place = (int)(epoch & 1);

    TRY(backend_use(backend));

    /* The pinned copy may still be on its way from two epochs ago. */
    CUDA_TRY(backend, cudaEventSynchronize(data->sent[place]), "sending an order");
    memcpy(data->pinned[place], order, bytes);
    CUDA_TRY(backend,
             cudaMemcpyAsync(data->orders[place], data->pinned[place], bytes,
                             cudaMemcpyHostToDevice, backend->stream),
             "sending an order");
    return cuda_status(backend, cudaEventRecord(data->sent[place], backend->stream),
                       "sending an order");
}
