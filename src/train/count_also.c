/* Tensors that are counted as long as somebody waits for what becomes of them. */
#include "train/experiment.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Probes that are on count most of them anyway, and then there is nothing to be made anew. */
static bool counts_already(const Experiment *experiment)
{
    Program program = {0};
    bool same;

    experiment_emit(&experiment->settings, experiment->also, experiment->data->set, &program);
    same = program.instr_count == experiment->program.instr_count;
    for (int i = 0; same && i < program.instr_count; i++)
        same = program.instrs[i].counted == experiment->program.instrs[i].counted;
    program_release(&program);
    return same;
}

Status experiment_count_also(Experiment *experiment, const char *tensors)
{
    char *before = experiment->also;
    Status status;

    if (strcmp(before == NULL ? "" : before, tensors) == 0)
        return ok();
    experiment->also = xstrdup(tensors);
    if (failed(experiment->problem) || counts_already(experiment)) {
        free(before);
        return ok();
    }
    status = experiment_plan_again(experiment);
    if (failed(status)) {
        free(experiment->also);
        experiment->also = before;
        return status;
    }
    free(before);
    experiment_weigh(experiment);
    experiment_refresh(experiment);
    return ok();
}
