#include "train/inject.h"

#include "base/memory.h"
#include "telemetry/metric.h"
#include "train/travel.h"
#include "train/worker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const inject_names[] = {
    [INJECT_INF] = "inf",   [INJECT_NAN] = "nan",  [INJECT_TINY] = "tiny",
    [INJECT_HUGE] = "huge", [INJECT_KINDS] = NULL,
};

static float value_of(InjectKind kind, Format format)
{
    switch (kind) {
    case INJECT_INF:
        return INFINITY;
    case INJECT_TINY:
        return (float)format_table[format].min_subnormal;
    case INJECT_HUGE:
        return (float)format_table[format].max;
    default:
        return NAN;
    }
}

void inject_print(const Injection *injection, Text *text)
{
    text_printf(text, "%s %s", inject_names[injection->kind], injection->tensor);
    if (injection->index > 0)
        text_printf(text, " %lld", (long long)injection->index);
}

Status inject_check(const Experiment *experiment, const Injection *injection)
{
    const Program *program = &experiment->program;
    ValueId id = program_find(program, injection->tensor);
    Measure unused;

    /* What is shown is what may be named: others, as the labels, are not numbers to play with. */
    TRY(metric_read(metric_find("amax"), &experiment->facts, injection->tensor, &unused));
    if (id == NO_VALUE)
        return fail(STATUS_USAGE,
                    "no instruction makes %s or reads it: it is measured beside the step; try "
                    "another tensor",
                    injection->tensor);
    if (injection->index >= value_count(&program->values[id]))
        return fail(STATUS_USAGE, "%s has %lld elements, and they count from 0; %lld is none",
                    injection->tensor, (long long)value_count(&program->values[id]),
                    (long long)injection->index);
    return ok();
}

/* Instructions that have run when the value is there; 0: it lasts from step to step. */
static int made_after(const Program *program, ValueId id)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].out == id)
            return i + 1;
    return 0;
}

static Status exchange(Experiment *experiment, ValueId id, int64_t index, float value,
                       float *before)
{
    const Value *tensor = &experiment->program.values[id];
    float *values = xaligned((size_t)value_count(tensor), sizeof *values);
    Status status = experiment->class->value_read(experiment->plan, id, values);

    if (!failed(status)) {
        *before = values[index];
        values[index] = value;
        status = experiment->class->value_write(experiment->plan, id, values);
    }
    free(values);
    return status;
}

static Status put_in(Experiment *experiment, Injection *one)
{
    const Program *program = &experiment->program;
    ValueId id = program_find(program, one->tensor);
    float value = value_of(one->kind, program->values[id].format);

    TRY(exchange(experiment, id, one->index, value, &one->before));
    one->put = true;
    return ok();
}

/* The program may have changed since they were asked for. */
static void leave_out_lost(Experiment *experiment)
{
    Injections *waiting = &experiment->injections;
    Snapshot *facts = &experiment->facts;
    int kept = 0;

    for (int i = 0; i < waiting->count; i++) {
        if (failed(inject_check(experiment, &waiting->all[i])))
            events_add(&facts->events, EVENT_WARNING, facts->step,
                       "%s is no tensor any more, so nothing is injected", waiting->all[i].tensor);
        else
            waiting->all[kept++] = waiting->all[i];
    }
    waiting->count = kept;
}

/* Its value is there behind `at` instructions, and not before. */
static bool is_due(const Experiment *experiment, const Injection *one, int at)
{
    const Program *program = &experiment->program;

    return made_after(program, program_find(program, one->tensor)) == at && !one->put;
}

static Status put_in_due(Experiment *experiment, int at, int *from)
{
    Injections *waiting = &experiment->injections;

    for (int i = 0; i < waiting->count; i++) {
        if (!is_due(experiment, &waiting->all[i], at))
            continue;
        if (at > *from)
            TRY(experiment->class->plan_run(experiment->plan, *from, at));
        *from = at;
        TRY(put_in(experiment, &waiting->all[i]));
    }
    return ok();
}

static void remember(Experiment *experiment, const Injection *last)
{
    InjectedFacts *injected = &experiment->facts.injected;
    const Measure *loss = &experiment->facts.batch_loss;
    Text words = {0};

    injected->late = (injected->step == 0 || injected->late) && experiment->facts.step > 0 &&
                     !loss->none && !isfinite(loss->value);
    inject_print(last, &words);
    injected->step = experiment->facts.step + experiment->in_flight + 1;
    text_copy(injected->what, sizeof injected->what, text_chars(&words));
    text_release(&words);
}

Status inject_part(Experiment *experiment, int first, int last)
{
    Injections *waiting = &experiment->injections;
    int from = first;

    if (first == 0)
        leave_out_lost(experiment);
    for (int at = first; at < last; at++)
        TRY(put_in_due(experiment, at, &from));
    TRY(experiment->class->plan_run(experiment->plan, from, last));
    if (last < experiment->program.instr_count)
        return ok();
    if (waiting->count > 0)
        remember(experiment, &waiting->all[waiting->count - 1]);
    waiting->count = 0;
    return ok();
}

/* What was put in last comes out first. */
void inject_drop(Experiment *experiment)
{
    const Program *program = &experiment->program;
    Injections *waiting = &experiment->injections;

    for (int i = waiting->count - 1; i >= 0; i--) {
        Injection *one = &waiting->all[i];
        ValueId id = program_find(program, one->tensor);
        float unused;

        if (one->put && made_after(program, id) == 0 &&
            failed(exchange(experiment, id, one->index, one->before, &unused)))
            return; /* the device is lost, and its weights with it */
        one->put = false;
    }
}

Status inject_step(Experiment *experiment)
{
    Status status = inject_part(experiment, 0, experiment->program.instr_count);

    if (failed(status))
        inject_drop(experiment);
    return status;
}

typedef struct Asked {
    const Injection *injection;
    int64_t step;
} Asked;

static Status inject_job(Session *session, void *argument)
{
    Asked *asked = argument;
    Experiment *run = runs_used(session);
    Snapshot *facts = &run->facts;
    Text words = {0};

    TRY(run->problem);
    TRY(inject_check(run, asked->injection));
    if (run->injections.count == INJECTIONS_MOST)
        return fail(STATUS_USAGE, "%d values wait for the next step already; take it first",
                    INJECTIONS_MOST);
    journal_reach(&session->journal, run, session->runs.count > 1);
    run->injections.all[run->injections.count++] = *asked->injection;
    text_append(&words, "inject ");
    inject_print(asked->injection, &words);
    events_add(&facts->events, EVENT_SETTING, facts->step, "%s", text_chars(&words));
    journal_add(&session->journal, run, "%s", text_chars(&words));
    text_release(&words);
    asked->step = facts->step;
    timeline_turn(session);
    worker_publish(session);
    return ok();
}

Status session_inject(Session *session, const Injection *injection, int64_t *step)
{
    Asked asked = {.injection = injection};

    TRY(worker_change(session, inject_job, &asked));
    *step = asked.step;
    return ok();
}
