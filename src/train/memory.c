/* Where the bytes of a run go: what its plan holds, beside what the formats alone would take. */
#include "train/experiment.h"

#include "program/cost.h"

#define SAME(part) _Static_assert((int)PART_##part == (int)MEMORY_##part, #part)
SAME(WEIGHTS);
SAME(COPIES);
SAME(GRADS);
SAME(OPTIMIZER);
SAME(ACTIVATIONS);
SAME(COUNTERS);
SAME(WORKSPACE);
SAME(DATA);
SAME(RUNTIME);
_Static_assert((int)PART_COUNT == (int)MEMORY_KINDS, "every kind has its part");

void experiment_weigh(Experiment *experiment)
{
    MemoryFacts *facts = &experiment->facts.memory;
    Settings plain = experiment->settings;
    Program program = {0};

    *facts = (MemoryFacts){.emulated = backend_is_cpu(experiment->class)};
    if (experiment->plan == NULL)
        return;
    experiment->class->plan_memory(experiment->plan, facts->held);
    program_bytes(&experiment->program, facts->formats);
    plain.autocast = FORMAT_FP32;
    plain.master = true;
    plain.rounding = ROUNDING_NEAREST;
    plain.optim.states = FORMAT_FP32;
    experiment_emit(&plain, NULL, experiment->data->set, &program);
    program_bytes(&program, facts->fp32);
    program_release(&program);
}
