/* A program made ready: arrays for its values, and the loop over its instructions. */
#include "cpu/plan.h"

#include "base/memory.h"
#include "program/cost.h"

#include <stdlib.h>
#include <string.h>

static CpuOp *const ops[OP_COUNT] = {
#define CPU_OP(constant, name) [OP_##constant] = cpu_##name,
    OPS(CPU_OP)
#undef CPU_OP
};

static int64_t most_tasks(const Program *program)
{
    int64_t most = 1;

    for (int i = 0; i < program->value_count; i++) {
        int64_t tasks = value_count(&program->values[i]) / BLOCK + 1;

        most = tasks > most ? tasks : most;
    }
    return most;
}

Status cpu_plan_new(Backend *backend, const Program *program, Store *store, DeviceData *data,
                    Plan **plan)
{
    Plan *made = xcalloc(1, sizeof *made);
    size_t instrs = (size_t)program->instr_count;

    made->backend = backend;
    made->store = store;
    made->data = data;
    made->program = program_copy(program);
    made->first_found = NO_VALUE;
    made->values = xcalloc((size_t)program->value_count + 1, sizeof *made->values);
    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];
        int64_t count = value_count(value);

        if (value_lasts(value))
            made->values[i] = cpu_store_find(store, value->name, count);
        else
            made->values[i] =
                memset(xaligned((size_t)count, sizeof(float)), 0, (size_t)count * sizeof(float));
    }
    made->counts = xcalloc(instrs + 1, sizeof *made->counts);
    made->counting = xcalloc(instrs + 1, sizeof *made->counting);
    made->partial = xcalloc((size_t)most_tasks(program), sizeof *made->partial);
    made->findings = xcalloc((size_t)most_tasks(program), sizeof *made->findings);
    made->kept = xcalloc(instrs + 1, sizeof *made->kept);
    for (size_t i = 0; i < instrs; i++)
        if (program->instrs[i].op == OP_RUNNING)
            made->kept[i] = xaligned(
                (size_t)value_count(&program->values[program->instrs[i].in[0]]), sizeof(float));
    *plan = made;
    return ok();
}

/* What moves in the forward pass stays as it was where the step is dropped. */
static void keep_running(const Plan *plan, bool back)
{
    for (int i = 0; i < plan->program.instr_count; i++) {
        const Instr *instr = &plan->program.instrs[i];
        float *now = plan->kept[i] == NULL ? NULL : plan_in(plan, instr, 0);
        size_t bytes =
            now == NULL ? 0 : (size_t)value_count(plan_value(plan, instr->in[0])) * sizeof *now;

        if (now != NULL)
            memcpy(back ? now : plan->kept[i], back ? plan->kept[i] : now, bytes);
    }
}

static void drop(Plan *plan)
{
    if (plan->moved)
        keep_running(plan, true);
    plan->moved = false;
    plan->reached = 0;
}

void cpu_plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    drop(plan);
    for (int i = 0; i < plan->program.value_count; i++)
        if (!value_lasts(&plan->program.values[i]))
            free(plan->values[i]);
    free(plan->values);
    for (int i = 0; i < plan->program.instr_count; i++)
        free(plan->kept[i]);
    free(plan->kept);
    free(plan->counts);
    free(plan->counting);
    free(plan->partial);
    free(plan->findings);
    program_release(&plan->program);
    free(plan);
}

static bool interrupted(const Plan *plan)
{
    const Backend *backend = plan->backend;

    return plan->program.instrs[plan->position].phase < PHASE_STEP &&
           backend->interrupted != NULL && backend->interrupted(backend->context);
}

static void begin(Plan *plan)
{
    drop(plan);
    keep_running(plan, false);
    plan->first_found = NO_VALUE;
    plan->square_sum = plan->loss_sum = 0.0;
    plan->round = 0;
    plan->clip = NULL;
    plan->clip_coef = 1.0f;
}

static void finish(Plan *plan)
{
    CastCounts *counts = plan->counts;

    plan->counts = plan->counting;
    plan->counting = counts;
    plan->moved = false;
    plan->reached = 0;
}

static Status run_some(Plan *plan, int first, int last)
{
    for (plan->position = first; plan->position < last; plan->position++) {
        const Instr *instr = &plan->program.instrs[plan->position];

        if (interrupted(plan)) {
            drop(plan);
            return fail(STATUS_INTERRUPTED,
                        "interrupted within a step, which left no trace; train goes on");
        }
        ops[instr->op](plan, instr);
    }
    return ok();
}

/* All rounds but the last. */
static Status run_rounds(Plan *plan, int forward)
{
    int rounds = program_rounds(&plan->program);

    plan->loss_sum = 0.0;
    for (plan->round = 0; plan->round < rounds - 1; plan->round++) {
        TRY(run_some(plan, forward, program_phase(&plan->program, PHASE_UNSCALE)));
        plan->loss_sum += (double)plan->loss;
    }
    return ok();
}

Status cpu_plan_run(Plan *plan, int first, int last)
{
    int forward = program_phase(&plan->program, PHASE_FORWARD), from = first;

    if (first == 0)
        begin(plan);
    plan->moved = last > 0;
    if (first <= forward && forward < last) {
        TRY(run_some(plan, first, forward));
        TRY(run_rounds(plan, forward));
        from = forward;
    }
    TRY(run_some(plan, from, last));
    plan->reached = last;
    if (last == plan->program.instr_count)
        finish(plan);
    return ok();
}

Status cpu_plan_step(Plan *plan)
{
    return cpu_plan_run(plan, 0, plan->program.instr_count);
}

Status cpu_plan_collect(Plan *plan, StepOutcome *outcomes, int room, bool wait, int *count)
{
    (void)wait; /* a step is done when cpu_plan_step returns */
    *count = plan->outcome_waits && room > 0;
    if (*count == 0)
        return ok();
    outcomes[0] = plan->outcome;
    plan->outcome_waits = false;
    return ok();
}

Status cpu_value_read(Plan *plan, ValueId id, float *values)
{
    memcpy(values, plan->values[id], (size_t)value_count(plan_value(plan, id)) * sizeof *values);
    return ok();
}

Status cpu_value_write(Plan *plan, ValueId id, const float *values)
{
    memcpy(plan->values[id], values, (size_t)value_count(plan_value(plan, id)) * sizeof *values);
    return ok();
}

Status cpu_counts_read(Plan *plan, int instr, CastCounts *counts)
{
    *counts = instr < plan->reached ? plan->counting[instr] : plan->counts[instr];
    return ok();
}

/* What this backend really holds: it carries values of every format in floats. */
void cpu_plan_memory(const Plan *plan, int64_t bytes[MEMORY_KINDS])
{
    const Program *program = &plan->program;
    const DataView *view = &plan->data->view;
    int64_t examples = view->train_count + view->test_count;
    int64_t numbers = view->text_count > 0 ? view->text_count : examples * view->features;

    memset(bytes, 0, MEMORY_KINDS * sizeof *bytes);
    for (int i = 0; i < program->value_count; i++)
        bytes[memory_kind(&program->values[i])] +=
            value_count(&program->values[i]) * (int64_t)sizeof(float);
    bytes[MEMORY_COUNTERS] =
        (2 * (int64_t)program->instr_count + most_tasks(program)) * (int64_t)sizeof(CastCounts);
    bytes[MEMORY_WORKSPACE] = most_tasks(program) * (int64_t)sizeof(Finding);
    bytes[MEMORY_DATA] = (numbers + examples * view->target_width) * (int64_t)sizeof(float);
}
