#include "steps.h"

#include "check.h"
#include "values.h"

#include <math.h>
#include <stdlib.h>

static bool is_running(const Program *program, int param)
{
    return program->params[param].grad == NO_VALUE;
}

/* An amax is one number of an activation, or of a gradient, of which bits differ. */
static const double history_tolerance = 0x1p-3; /* a number that rounded the other way */

static bool all_grads(const Run *run)
{
    for (int i = 0; i < run->program->param_count; i++)
        if (run->grads[i] == NULL && !is_running(run->program, i))
            return false;
    return true;
}

void forget_running(const Program *program, State *state)
{
    for (int i = 0; i < program->param_count; i++)
        if (is_running(program, i)) {
            free(state->values[program->params[i].master]);
            state->values[program->params[i].master] = NULL;
        }
}

void compare_running(Run *run)
{
    State cpu;

    state_read(&run->pair->cpu, run->program, &cpu);
    for (int i = 0; i < run->program->param_count; i++) {
        ValueId id = run->program->params[i].master;
        double off;

        if (!is_running(run->program, i))
            continue;
        off = relative_distance(run->after.values[id], cpu.values[id],
                                value_count(&run->program->values[id]));
        check(off <= step_tolerances[run->recipe.low].grad, "%s: %s is %.3g away from the CPU's",
              run->what, run->program->values[id].name, off);
    }
    state_free(run->program, &cpu);
}

/* The CPU's optimizer over the device's gradients: Adam's weights as ops_optimizers.c has it. */
static void compare_weight(const Run *run, const State *wanted, ValueId id)
{
    const Value *value = &run->program->values[id];
    const float *cpu = wanted->values[id], *gpu = run->after.values[id];
    const float *before = run->before.values[id];
    bool adam = run->program->instrs[run->step_at].op == OP_ADAM ||
                run->program->instrs[run->step_at].op == OP_ADAMW;

    for (int64_t i = 0; i < value_count(value) && value->role == ROLE_HISTORY; i++)
        check(relative((double)cpu[i], (double)gpu[i]) <= history_tolerance,
              "%s: %s at %lld is %g, on the CPU %g", run->what, value->name, (long long)i,
              (double)gpu[i], (double)cpu[i]);
    for (int64_t i = 0; i < value_count(value) && value->role != ROLE_HISTORY; i++) {
        double change = fabs((double)cpu[i] - (double)before[i]);
        double most =
            adam && value->role == ROLE_MASTER ? 2 * ulp(change) + ulp((double)cpu[i]) : 0;

        if (!same_bits(cpu[i], gpu[i]) && !(fabs((double)cpu[i] - (double)gpu[i]) <= most)) {
            check(false, "%s: %s at %lld is %a, the CPU makes %a of the same gradient", run->what,
                  value->name, (long long)i, (double)gpu[i], (double)cpu[i]);
            return;
        }
    }
    check(true, "%s", run->what);
}

void compare_weights(Run *run)
{
    Side *cpu = &run->pair->cpu;
    State wanted = {0}, own = {0};
    StepOutcome outcome;

    if (!all_grads(run))
        return;
    state_read(cpu, run->program, &own);
    state_write(&run->before, run->program, cpu);
    for (int i = 0; i < run->program->param_count; i++)
        if (!is_running(run->program, i))
            must(cpu->class->value_write(cpu->plan, run->program->params[i].grad, run->grads[i]),
                 "value_write");
    must(cpu->class->plan_run(cpu->plan, run->step_at, run->program->instr_count), "plan_run");
    side_collect(cpu, &outcome);
    state_read(cpu, run->program, &wanted);
    forget_running(run->program, &wanted);
    for (int i = 0; i < run->program->value_count; i++)
        if (wanted.values[i] != NULL)
            compare_weight(run, &wanted, i);
    state_write(&own, run->program, cpu);
    state_free(run->program, &wanted);
    state_free(run->program, &own);
}
