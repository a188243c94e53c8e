/* The door of the plug-in: its table, for a program that speaks the same ABI. */
#include "table.h"

#include <stddef.h>

const BackendClass *halfstep_backend(int abi);

static const BackendClass cuda_backend = {
    .abi = BACKEND_ABI,
    .name = "cuda",
    .open = cuda_open,
    .close = cuda_close,
    .describe = cuda_describe,
    .data_new = cuda_data_new,
    .data_free = cuda_data_free,
    .data_order = cuda_data_order,
    .store_new = cuda_store_new,
    .store_free = cuda_store_free,
    .store_write = cuda_store_write,
    .store_read = cuda_store_read,
    .store_drop = cuda_store_drop,
    .scalars_get = cuda_scalars_get,
    .scalars_set = cuda_scalars_set,
    .plan_new = cuda_plan_new,
    .plan_free = cuda_plan_free,
    .plan_step = cuda_plan_step,
    .plan_collect = cuda_plan_collect,
    .plan_run = cuda_plan_run,
    .value_read = cuda_value_read,
    .value_write = cuda_value_write,
    .counts_read = cuda_counts_read,
    .plan_memory = cuda_plan_memory,
};

__attribute__((visibility("default"))) const BackendClass *halfstep_backend(int abi)
{
    return abi == BACKEND_ABI ? &cuda_backend : NULL;
}
