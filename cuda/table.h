/* The rows of the backend's table, as program/backend.h has them; plugin.c, in C, holds the table. */
#ifndef CUDA_TABLE_H
#define CUDA_TABLE_H

#include "program/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

Status cuda_open(const BackendOptions *options, Backend **backend);
void cuda_close(Backend *backend);
void cuda_describe(const Backend *backend, char text[BACKEND_TEXT]);
Status cuda_data_new(Backend *backend, const DataView *view, DeviceData **data);
void cuda_data_free(DeviceData *data);
Status cuda_data_order(DeviceData *data, int64_t epoch, const int32_t *order);
Status cuda_store_new(Backend *backend, Store **store);
void cuda_store_free(Store *store);
Status cuda_store_write(Store *store, const char *name, const float *values, int64_t count);
Status cuda_store_read(Store *store, const char *name, float *values, int64_t count);
void cuda_store_drop(Store *store, const char *name);
void cuda_scalars_get(Store *store, Scalars *scalars);
void cuda_scalars_set(Store *store, const Scalars *scalars);
Status cuda_plan_new(Backend *backend, const Program *program, Store *store, DeviceData *data,
                     Plan **plan);
void cuda_plan_free(Plan *plan);
Status cuda_plan_step(Plan *plan);
Status cuda_plan_collect(Plan *plan, StepOutcome *outcomes, int room, bool wait, int *count);
Status cuda_plan_run(Plan *plan, int first, int last);
Status cuda_value_read(Plan *plan, ValueId id, float *values);
Status cuda_value_write(Plan *plan, ValueId id, const float *values);
Status cuda_counts_read(Plan *plan, int instr, CastCounts *counts);
void cuda_plan_memory(const Plan *plan, int64_t bytes[MEMORY_KINDS]);

#ifdef __cplusplus
}
#endif

#endif
