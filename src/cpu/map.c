/* Elementwise work on all threads, and the rounding at the end of every op; to fp8 it clamps. */
#include "cpu/plan.h"

#include <string.h>

typedef struct MapJob {
    Plan *plan;
    const Instr *instr;
    CpuKernel *kernel; /* NULL: the result is there already */
    int64_t count;
} MapJob;

static void round_block(const MapJob *job, int task, float *out, int64_t count)
{
    Format format = plan_value(job->plan, job->instr->out)->format;
    Overflow overflow = format_overflow(format);
    CastCounts *partial = &job->plan->partial[task];

    if (!job->instr->counted) {
        if (format != FORMAT_FP32)
            round_array(format, overflow, out, out, count);
        return;
    }
    memset(partial, 0, sizeof *partial);
    cast_counted(format, overflow, out, out, count, partial);
}

static void map_block(void *context, int task)
{
    const MapJob *job = context;
    int64_t first = (int64_t)task * BLOCK;
    int64_t count = job->count - first < BLOCK ? job->count - first : BLOCK;
    float *out = plan_out(job->plan, job->instr) + first;

    if (job->kernel != NULL)
        job->kernel(job->plan, job->instr, first, count, out);
    round_block(job, task, out, count);
}

void cpu_map(Plan *plan, const Instr *instr, CpuKernel *kernel)
{
    const Value *out = plan_value(plan, instr->out);
    MapJob job = {.plan = plan, .instr = instr, .kernel = kernel, .count = value_count(out)};
    int tasks = (int)((job.count + BLOCK - 1) / BLOCK);
    CastCounts *counts = &plan->counting[plan->position];

    if (kernel == NULL && out->format == FORMAT_FP32 && !instr->counted)
        return;
    pool_run(plan->backend->pool, map_block, &job, tasks);
    if (!instr->counted)
        return;
    if (plan->round == 0)
        memset(counts, 0, sizeof *counts);
    for (int i = 0; i < tasks; i++)
        cast_counts_add(counts, &plan->partial[i]);
}

void cpu_round(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, NULL);
}
