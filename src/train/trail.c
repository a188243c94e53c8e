#include "train/trail.h"

#include "base/memory.h"
#include "train/worker.h"

#include <math.h>
#include <stdlib.h>

typedef struct Look {
    int64_t nonfinite;
    float amax;
} Look;

static Look look_at(const float *values, int64_t count)
{
    Look look = {0};

    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            look.nonfinite++;
        else
            look.amax = fmaxf(look.amax, fabsf(values[i]));
    return look;
}

static void tell(const Experiment *now, int instr, int64_t nonfinite, int64_t count, float amax,
                 Trail *trail)
{
    const Instr *of = &now->program.instrs[instr];
    const Value *value = &now->program.values[of->out];

    text_copy(trail->tensor, sizeof trail->tensor, value->name);
    text_copy(trail->op, sizeof trail->op, op_table[of->op].name);
    text_copy(trail->phase, sizeof trail->phase, phase_names[of->phase]);
    trail->format = value->format;
    trail->nonfinite = nonfinite;
    trail->count = count;
    trail->amax = amax;
}

/* Values are those of the last micro-batch; counts know the others too. */
static Status look_at_counts(const Experiment *now, int instr, Trail *trail)
{
    CastCounts counts;
    int64_t nonfinite;

    if (program_rounds(&now->program) == 1 || !now->program.instrs[instr].counted)
        return ok();
    TRY(experiment_counts(now, instr, &counts));
    nonfinite =
        cast_counts_nonfinite(&counts, now->program.values[now->program.instrs[instr].out].format);
    if (nonfinite == 0)
        return ok();
    tell(now, instr, nonfinite, counts.count, counts.amax, trail);
    trail->earlier = true;
    return ok();
}

/* The last gradient that a sum of them took was finite, or it would have been come to before. */
static bool began_before(const Experiment *now, int instr)
{
    const Instr *of = &now->program.instrs[instr];

    return of->op == OP_ACCUMULATE && now->program.values[of->in[0]].format != FORMAT_FP32;
}

/* What no memory holds has nothing to show. */
static Status look_at_value(const Experiment *now, int instr, Trail *trail)
{
    const Instr *of = &now->program.instrs[instr];
    const Value *value = &now->program.values[of->out];
    int64_t count = value_count(value);
    float *values = xaligned((size_t)count, sizeof *values);
    Status status = now->class->value_read(now->plan, of->out, values);
    Look look = look_at(values, failed(status) ? 0 : count);

    free(values);
    if (look.nonfinite > 0) {
        tell(now, instr, look.nonfinite, count, look.amax, trail);
        trail->earlier = trail->unseen = began_before(now, instr);
    }
    TRY(status.code == STATUS_DEVICE ? status : ok());
    return look.nonfinite > 0 ? ok() : look_at_counts(now, instr, trail);
}

static Status look_at_weight(const Experiment *now, ValueId id, bool is_trained, Trail *trail)
{
    const Value *value = &now->program.values[id];
    int64_t count = value_count(value);
    float *values = xaligned((size_t)count, sizeof *values);
    Status status = now->class->store_read(now->store, value->name, values, count);
    Look look = look_at(values, failed(status) ? 0 : count);

    free(values);
    if (look.nonfinite > 0 && !is_trained) {
        if (trail->running[0] == '\0')
            text_copy(trail->running, sizeof trail->running, value->name);
    } else if (look.nonfinite > 0 && trail->weights++ == 0) {
        text_copy(trail->weight, sizeof trail->weight, value->name);
        trail->weight_nonfinite = look.nonfinite;
        trail->weight_count = count;
    }
    return status;
}

/* A scale of fp8 tells of its tensor's amax: that is no result which inf begins in. */
static bool has_result(const Experiment *now, int instr)
{
    const Instr *of = &now->program.instrs[instr];

    return of->out != NO_VALUE && of->op != OP_FP8_SCALE && experiment_has_value(now, of->out);
}

static Status trail_job(Session *session, void *argument)
{
    const Experiment *now = runs_used(session);
    const Program *program = &now->program;
    Trail *trail = argument;

    *trail = (Trail){.count = 0};
    if (failed(now->problem))
        return ok();
    for (int i = 0; i < program->instr_count && trail->tensor[0] == '\0'; i++)
        if (has_result(now, i))
            TRY(look_at_value(now, i, trail));
    for (int i = 0; i < program->param_count; i++)
        TRY(look_at_weight(now, program->params[i].master, program->params[i].grad != NO_VALUE,
                           trail));
    return ok();
}

Status session_trail(Session *session, Trail *trail)
{
    return worker_ask(session, trail_job, trail);
}
