/* What is measured only when asked for: accuracy on the held-out examples, and which weights moved. */
#include "train/experiment.h"

#include "base/memory.h"
#include "numerics/bits.h"
#include "numerics/round.h"

#include <stdlib.h>
#include <string.h>

enum { ACCURACY_BATCH = 250, ACCURACY_ROWS = 8192 /* of a text's characters */ };

static void emit_accuracy(const Experiment *experiment, Program *program)
{
    const Dataset *set = experiment->data->set;
    Builder builder = settings_builder(&experiment->settings, program);
    ExampleShape shape = example_shape(set);
    int64_t most = shape.text ? 1 + ACCURACY_ROWS / set->features : ACCURACY_BATCH;
    Net net;

    program->batch = set->test_count < most ? set->test_count : most;
    nn_emit_accuracy(&builder, &experiment->settings.net, &shape, &net);
}

static Status count_correct(Experiment *experiment, const Program *program, Plan *plan,
                            int64_t *correct)
{
    Scalars scalars;

    experiment->class->scalars_get(experiment->store, &scalars);
    scalars.correct = 0;
    for (int64_t at = 0; at < experiment->data->set->test_count; at += program->batch) {
        scalars.test_position = at;
        experiment->class->scalars_set(experiment->store, &scalars);
        TRY(experiment->class->plan_run(plan, 0, program->instr_count));
        experiment->class->scalars_get(experiment->store, &scalars);
    }
    *correct = scalars.correct;
    return ok();
}

Status experiment_accuracy(Experiment *experiment)
{
    const Dataset *set = experiment->data->set;
    Program program = {0};
    Plan *plan = NULL;
    int64_t correct = 0, asked = set->test_count * (set->text_count > 0 ? set->features : 1);
    Status status;

    if (failed(experiment->problem) || set->class_count == 0 || set->test_count == 0) {
        experiment->facts.accuracy = (Measure){.none = true};
        return ok();
    }
    emit_accuracy(experiment, &program);
    status = program_verify(&program);
    if (!failed(status))
        status = experiment->class->plan_new(experiment->backend, &program, experiment->store,
                                             experiment->data->device, &plan);
    if (!failed(status))
        status = count_correct(experiment, &program, plan, &correct);
    if (!failed(status)) {
        experiment->facts.accuracy = (Measure){.value = (double)correct / (double)asked};
        experiment->facts.accuracy_step = experiment->facts.step;
    }
    experiment->class->plan_free(plan);
    program_release(&program);
    return status;
}

/* The start counts as the format of the weights holds it. */
static double share_moved(Format format, const float *now, const float *then, int64_t count)
{
    int64_t moved = 0;

    for (int64_t i = 0; i < count; i++)
        moved += bits_of(FORMAT_FP32, now[i]) !=
                 bits_of(FORMAT_FP32, round_to(format, OVERFLOW_INFINITY, then[i]));
    return (double)moved / (double)count;
}

static void measure_moved(Experiment *experiment, int param, TensorFacts *tensor)
{
    int64_t count = tensor->count;
    float *now = xaligned((size_t)count, sizeof *now);
    Status status = experiment->class->store_read(experiment->store, tensor->name, now, count);

    if (status.code == STATUS_DEVICE)
        experiment->trouble = status;
    if (!failed(status))
        tensor->moved = (Measure){.value = share_moved(settings_weights(&experiment->settings), now,
                                                       experiment->start[param], count)};
    free(now);
}

void experiment_moved(Experiment *experiment)
{
    const Program *program = &experiment->program;

    for (int i = 0; i < program->param_count && !failed(experiment->problem); i++) {
        const char *name = program->values[program->params[i].master].name;

        for (int t = 0; t < experiment->facts.tensor_count; t++)
            if (strcmp(experiment->facts.tensors[t].name, name) == 0)
                measure_moved(experiment, i, &experiment->facts.tensors[t]);
    }
}
