#include "cpu/plan.h"

#include "base/memory.h"
#include "base/text.h"
#include "cpu/matmul.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status cpu_open(const BackendOptions *options, Backend **backend)
{
    const char *matmul = getenv("HALFSTEP_MATMUL"); /* NOLINT(concurrency-mt-unsafe): no setenv */
    Backend *made;

    if (matmul != NULL && *matmul != '\0' && strcmp(matmul, "reference") != 0)
        return fail(STATUS_UNSUPPORTED,
                    "HALFSTEP_MATMUL is '%.40s'; it may be reference, or not be set", matmul);
    made = xcalloc(1, sizeof *made);
    made->pool = pool_new(options->threads > 0 ? options->threads : pool_processors());
    made->reference_matmul = matmul != NULL && strcmp(matmul, "reference") == 0;
    made->interrupted = options->interrupted;
    made->context = options->context;
    matmul_prepare();
    *backend = made;
    return ok();
}

static void cpu_close(Backend *backend)
{
    if (backend == NULL)
        return;
    pool_free(backend->pool);
    free(backend);
}

static void cpu_describe(const Backend *backend, char text[BACKEND_TEXT])
{
    int threads = pool_threads(backend->pool);
    char library[BACKEND_TEXT / 2];

    matmul_describe(backend->reference_matmul, library, sizeof library);
    snprintf(text, BACKEND_TEXT, "cpu, %d thread%s, %s", threads, threads == 1 ? "" : "s", library);
}

static Status cpu_data_new(Backend *backend, const DataView *view, DeviceData **data)
{
    DeviceData *made = xcalloc(1, sizeof *made);

    (void)backend;
    made->view = *view;
    for (int i = 0; i < 2; i++)
        made->orders[i] = xcalloc((size_t)view->train_count, sizeof *made->orders[i]);
    *data = made;
    return ok();
}

static void cpu_data_free(DeviceData *data)
{
    if (data == NULL)
        return;
    free(data->orders[0]);
    free(data->orders[1]);
    free(data);
}

static Status cpu_data_order(DeviceData *data, int64_t epoch, const int32_t *order)
{
    memcpy(data->orders[epoch & 1], order, (size_t)data->view.train_count * sizeof *order);
    return ok();
}

const BackendClass cpu_backend = {
    .abi = BACKEND_ABI,
    .name = "cpu",
    .open = cpu_open,
    .close = cpu_close,
    .describe = cpu_describe,
    .data_new = cpu_data_new,
    .data_free = cpu_data_free,
    .data_order = cpu_data_order,
    .store_new = cpu_store_new,
    .store_free = cpu_store_free,
    .store_write = cpu_store_write,
    .store_read = cpu_store_read,
    .store_drop = cpu_store_drop,
    .scalars_get = cpu_scalars_get,
    .scalars_set = cpu_scalars_set,
    .plan_new = cpu_plan_new,
    .plan_free = cpu_plan_free,
    .plan_step = cpu_plan_step,
    .plan_collect = cpu_plan_collect,
    .plan_run = cpu_plan_run,
    .value_read = cpu_value_read,
    .value_write = cpu_value_write,
    .counts_read = cpu_counts_read,
    .plan_memory = cpu_plan_memory,
};
