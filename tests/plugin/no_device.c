/* A plug-in of the right kind on a machine without a GPU: it loads, and opening it says why not. */
#include "program/backend.h"

const BackendClass *halfstep_backend(int abi);

static Status no_device_open(const BackendOptions *options, Backend **backend)
{
    Status status = {STATUS_UNSUPPORTED, "cuda: no device (no CUDA-capable device is detected)"};

    (void)options;
    *backend = NULL;
    return status;
}

static const BackendClass no_device = {
    .abi = BACKEND_ABI,
    .name = "cuda",
    .open = no_device_open,
};

const BackendClass *halfstep_backend(int abi)
{
    return abi == BACKEND_ABI ? &no_device : NULL;
}
