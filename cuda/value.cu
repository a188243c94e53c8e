/* Values across the border: floats outside, their own format and padded rows inside. */
#include "fp8.cuh"

#include <stdlib.h>

extern "C" {
#include "numerics/bits.h"
}

static size_t element_bytes(const Array *array)
{
    if (format_is_fp8(array->format))
        return 1;
    return array->format == FORMAT_FP16 || array->format == FORMAT_BF16 ? 2 : 4;
}

Status array_read(Backend *backend, const Array *array, float *values)
{
    size_t bytes = element_bytes(array), row = bytes * (size_t)array->cols;
    int64_t count = (int64_t)array->rows * array->cols;
    void *stored = xcalloc((size_t)count + 1, bytes);
    Status status =
        cuda_status(backend,
                    cudaMemcpy2DAsync(stored, row, array->data, bytes * (size_t)array->stride, row,
                                      (size_t)array->rows, cudaMemcpyDeviceToHost, backend->stream),
                    "a value was read");

    if (!failed(status))
        status = cuda_settle(backend);
    if (!failed(status))
        bits_unpack(array->format, stored, values, count);
    free(stored);
    return status;
}

Status array_write(Backend *backend, const Array *array, const float *values)
{
    size_t bytes = element_bytes(array), row = bytes * (size_t)array->cols;
    int64_t count = (int64_t)array->rows * array->cols;
    void *stored = xcalloc((size_t)count + 1, bytes);
    Status status;

    bits_pack(array->format, values, stored, count);
    status =
        cuda_status(backend,
                    cudaMemcpy2DAsync(array->data, bytes * (size_t)array->stride, stored, row, row,
                                      (size_t)array->rows, cudaMemcpyHostToDevice, backend->stream),
                    "a value was written");
    if (!failed(status))
        status = cuda_settle(backend);
    free(stored);
    return status;
}

Status cuda_value_read(Plan *plan, ValueId id, float *values)
{
    return array_read(plan->backend, &plan->arrays[(size_t)id], values);
}

Status cuda_value_write(Plan *plan, ValueId id, const float *values)
{
    Status status = array_write(plan->backend, &plan->arrays[(size_t)id], values);

    plan->version = -1;
    if (value_lasts(plan_value(plan, id)))
        plan->store->version++;
    if (!failed(status))
        status = fp8_follow(plan, id);
    return status;
}
