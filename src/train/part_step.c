/* A step of one run, phase by phase: experiment_start_step in parts. */
#include "train/experiment.h"

#include "train/updates.h"

static Status begin_step(Experiment *experiment)
{
    TRY(experiment_load_orders(experiment));
    return updates_before_step(experiment);
}

Status experiment_run_phase(Experiment *experiment, Phase phase)
{
    const Program *program = &experiment->program;
    int first = program_phase(program, phase), last = program_phase(program, phase + 1);

    if (experiment->phases_run == 0)
        TRY(begin_step(experiment));
    if (first < last)
        TRY(inject_part(experiment, first, last));
    experiment->phases_run = (int)phase + 1;
    if (phase == PHASE_UPDATE) {
        experiment->phases_run = 0;
        experiment_step_started(experiment);
    }
    experiment_tell_phase(experiment);
    return ok();
}

void experiment_drop_step(Experiment *experiment)
{
    Status status = ok();

    if (experiment->phases_run > 0) {
        experiment->computed = false; /* halves of values are of that step */
        inject_drop(experiment);
        status = experiment->class->plan_run(experiment->plan, 0, 0);
    }
    if (failed(status))
        experiment->trouble = status;
    experiment->phases_run = 0;
    experiment_tell_phase(experiment);
}

bool experiment_has_run(const Experiment *experiment, int instr)
{
    return instr < program_phase(&experiment->program, (Phase)experiment->phases_run);
}

bool experiment_has_value(const Experiment *experiment, ValueId id)
{
    for (int i = 0; i < experiment->program.instr_count; i++)
        if (experiment->program.instrs[i].out == id && experiment_has_run(experiment, i))
            return true;
    return experiment->computed;
}

/* The next one that this run's program has. */
void experiment_tell_phase(Experiment *experiment)
{
    int next = experiment->phases_run == 0 ? PHASE_COUNT : experiment->phases_run;

    while (next < PHASE_COUNT && !program_has_phase(&experiment->program, (Phase)next))
        next++;
    text_copy(experiment->facts.next_phase, sizeof experiment->facts.next_phase,
              next < PHASE_COUNT ? phase_names[next] : "");
}
