/* What the optimizers share: a parameter's blocks on all threads. */
#include "cpu/plan.h"

typedef struct StepJob {
    const Plan *plan;
    const Instr *instr;
    CpuStep *step;
    int64_t count;
} StepJob;

static void step_block(void *context, int task)
{
    const StepJob *job = context;
    const Instr *instr = job->instr;
    int64_t first = (int64_t)task * BLOCK;
    StepBlock block = {
        .weight = plan_in(job->plan, instr, 0) + first,
        .grad = plan_in(job->plan, instr, 1) + first,
        .count = job->count - first < BLOCK ? job->count - first : BLOCK,
        .inverse = plan_inverse_scale(job->plan),
    };

    for (int i = 0; i < 2; i++)
        if (instr->in[2 + i] != NO_VALUE)
            block.state[i] = plan_in(job->plan, instr, 2 + i) + first;
    job->step(job->plan, instr, &block);
}

void cpu_step(Plan *plan, const Instr *instr, CpuStep *step)
{
    StepJob job = {.plan = plan,
                   .instr = instr,
                   .step = step,
                   .count = value_count(plan_value(plan, instr->in[0]))};

    if (!plan_found_inf(plan))
        pool_run(plan->backend->pool, step_block, &job, (int)((job.count + BLOCK - 1) / BLOCK));
}
