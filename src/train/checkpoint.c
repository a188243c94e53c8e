#include "train/checkpoint.h"

#include "amp/scaler.h"
#include "base/memory.h"
#include "train/lasting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t kept_count(const KeptArray *array)
{
    int64_t count = 1;

    for (int i = 0; i < array->rank; i++)
        count *= array->shape[i];
    return count;
}

KeptArray *checkpoint_find(const Checkpoint *checkpoint, const char *name)
{
    for (int i = 0; i < checkpoint->array_count; i++)
        if (strcmp(checkpoint->arrays[i].name, name) == 0)
            return &checkpoint->arrays[i];
    return NULL;
}

void checkpoint_free(Checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    for (int i = 0; i < checkpoint->array_count; i++) {
        free(checkpoint->arrays[i].values);
        free(checkpoint->arrays[i].start);
    }
    free(checkpoint->arrays);
    free(checkpoint->counts);
    text_release(&checkpoint->characters);
    snapshot_release(&checkpoint->facts);
    free(checkpoint);
}

static float *copied(const float *values, int64_t count)
{
    return memcpy(xaligned((size_t)count, sizeof *values), values, (size_t)count * sizeof *values);
}

static Status keep_array(const Experiment *experiment, const Value *value, KeptArray *array)
{
    int64_t count = value_count(value);

    *array = (KeptArray){.rank = value->rank, .format = value->format};
    memcpy(array->name, value->name, sizeof array->name);
    memcpy(array->shape, value->shape, sizeof array->shape);
    array->values = xaligned((size_t)count, sizeof *array->values);
    return experiment->class->store_read(experiment->store, value->name, array->values, count);
}

static Status keep_arrays(const Experiment *experiment, Checkpoint *made)
{
    const Program *program = &experiment->program;

    made->arrays = xcalloc((size_t)program->value_count + 1, sizeof *made->arrays);
    for (int i = 0; i < program->value_count; i++)
        if (value_lasts(&program->values[i]))
            TRY(keep_array(experiment, &program->values[i], &made->arrays[made->array_count++]));
    return ok();
}

static void keep_starts(const Experiment *experiment, Checkpoint *made)
{
    const Program *program = &experiment->program;

    for (int i = 0; i < program->param_count; i++) {
        const Value *master = &program->values[program->params[i].master];
        KeptArray *array = checkpoint_find(made, master->name);

        array->start = copied(experiment->start[i], value_count(master));
    }
}

Status checkpoint_take(const Experiment *experiment, Checkpoint **checkpoint)
{
    Checkpoint *made = xcalloc(1, sizeof *made);
    int instrs = experiment->program.instr_count;
    Status status;

    made->settings = experiment->settings;
    made->own_start = experiment->own_start;
    made->warned_loss = experiment->warned_loss;
    made->warned_scale = experiment->warned_scale;
    made->skips_in_a_row = experiment->skips_in_a_row;
    made->injections = experiment->injections;
    made->run = experiment->run;
    made->facts = experiment->facts;
    data_characters(experiment->data->set, &made->characters);
    made->facts.tensors = NULL;
    made->facts.tensor_count = 0;
    made->facts.heat = (Heat){0};
    heat_copy(&made->facts.heat, &experiment->facts.heat);
    made->facts.sweep = (Sweep){0};
    sweep_copy(&made->facts.sweep, &experiment->facts.sweep);
    /* Scalars first: a loss of the device meanwhile shows in the arrays, which can fail. */
    experiment->class->scalars_get(experiment->store, &made->scalars);
    made->counts = xcalloc((size_t)instrs + 1, sizeof *made->counts);
    for (int i = 0; i < instrs; i++)
        (void)experiment_counts(experiment, i, &made->counts[i]);
    status = keep_arrays(experiment, made);
    if (failed(status)) {
        checkpoint_free(made);
        return status;
    }
    keep_starts(experiment, made);
    *checkpoint = made;
    return ok();
}

void checkpoint_lighten(Checkpoint *checkpoint)
{
    for (int i = 0; i < checkpoint->array_count && !checkpoint->own_start; i++) {
        free(checkpoint->arrays[i].start);
        checkpoint->arrays[i].start = NULL;
    }
}

void checkpoint_rewind(Checkpoint *checkpoint)
{
    int kept = 0;

    for (int i = 0; i < checkpoint->array_count; i++) {
        KeptArray array = checkpoint->arrays[i];

        free(array.values);
        array.values = array.start;
        array.start = NULL;
        if (array.values != NULL)
            checkpoint->arrays[kept++] = array;
    }
    checkpoint->array_count = kept;
    checkpoint->weights_only = true;
}

static void print_shape(int rank, const int64_t *shape, char text[64])
{
    int length = snprintf(text, 64, rank == 0 ? "one number" : "%lld", (long long)shape[0]);

    for (int i = 1; i < rank && length < 40; i++)
        length += snprintf(text + length, 64 - (size_t)length, " x %lld", (long long)shape[i]);
}

static Status check_shape(const KeptArray *array, const Value *value)
{
    char have[64], want[64];

    if (array->rank == value->rank &&
        memcmp(array->shape, value->shape, (size_t)value->rank * sizeof *value->shape) == 0)
        return ok();
    print_shape(array->rank, array->shape, have);
    print_shape(value->rank, value->shape, want);
    return fail(STATUS_SHAPE, "%s is %s in the file and %s in this network; `net` builds another",
                value->name, have, want);
}

static bool wanted(const Checkpoint *checkpoint, const Value *value)
{
    return checkpoint->weights_only ? value->role == ROLE_MASTER : value_lasts(value);
}

/* Every lasting array of the program is there in its shape, and nothing else is. */
static Status check_arrays(const Checkpoint *checkpoint, const Program *program)
{
    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];
        const KeptArray *array = checkpoint_find(checkpoint, value->name);

        if (!wanted(checkpoint, value))
            continue;
        if (array == NULL)
            return fail(STATUS_SHAPE, "the file lacks %s, which this network has", value->name);
        TRY(check_shape(array, value));
    }
    for (int i = 0; i < checkpoint->array_count; i++) {
        ValueId id = program_find(program, checkpoint->arrays[i].name);

        if (id == NO_VALUE || !wanted(checkpoint, &program->values[id]))
            return fail(STATUS_SHAPE, "the file has %s, which this network lacks",
                        checkpoint->arrays[i].name);
    }
    return ok();
}

static Status write_arrays(const Checkpoint *checkpoint, Experiment *experiment)
{
    for (int i = 0; i < checkpoint->array_count; i++) {
        const KeptArray *array = &checkpoint->arrays[i];
        const Program *program = &experiment->program;

        TRY(lasting_write(experiment, &program->values[program_find(program, array->name)],
                          array->values));
    }
    return ok();
}

static void write_starts(const Checkpoint *checkpoint, Experiment *experiment)
{
    const Program *program = &experiment->program;

    for (int i = 0; i < program->param_count; i++) {
        const KeptArray *array =
            checkpoint_find(checkpoint, program->values[program->params[i].master].name);
        const float *start = checkpoint->weights_only ? array->values : array->start;

        if (start != NULL)
            memcpy(experiment->start[i], start, (size_t)kept_count(array) * sizeof *start);
    }
    experiment->own_start = checkpoint->weights_only || checkpoint->own_start;
}

/* What follows from the settings is there already. */
static void write_scalars(const Checkpoint *checkpoint, Experiment *experiment)
{
    const Scalars *from = &checkpoint->scalars;
    Scalars scalars;

    experiment->class->scalars_get(experiment->store, &scalars);
    scalars.scale = from->scale;
    scalars.tracker = from->tracker;
    scalars.spent = scaler_borne(from->spent, scalars.hysteresis);
    scalars.step = from->step;
    scalars.taken = from->taken;
    scalars.position = from->position;
    experiment->class->scalars_set(experiment->store, &scalars);
    experiment->position = from->position;
}

static void take_facts(const Checkpoint *checkpoint, Experiment *experiment)
{
    size_t instrs = (size_t)experiment->program.instr_count;

    experiment->injections = checkpoint->injections;
    experiment->run = checkpoint->run;
    experiment->warned_loss = checkpoint->warned_loss;
    experiment->warned_scale = checkpoint->warned_scale;
    experiment->skips_in_a_row = checkpoint->skips_in_a_row;
    snapshot_copy(&experiment->facts, &checkpoint->facts);
    if (checkpoint->counts == NULL)
        return;
    free(experiment->kept_counts);
    experiment->kept_counts = xcalloc(instrs + 1, sizeof *experiment->kept_counts);
    memcpy(experiment->kept_counts, checkpoint->counts, instrs * sizeof *experiment->kept_counts);
}

/* The n-th row of a table of embeddings is that of the n-th character. */
static Status check_characters(const Checkpoint *checkpoint, const Dataset *set)
{
    Text now = {0};
    bool same;

    data_characters(set, &now);
    same = checkpoint->characters.length == 0 ||
           strcmp(text_chars(&now), text_chars(&checkpoint->characters)) == 0;
    text_release(&now);
    if (same)
        return ok();
    return fail(STATUS_SHAPE, "the text has other characters now than when the run was saved; give "
                              "it back the one that it learnt from");
}

Status checkpoint_restore(const Checkpoint *checkpoint, Experiment *experiment)
{
    TRY(checkpoint->array_count > 0 ? experiment->problem : ok());
    TRY(check_characters(checkpoint, experiment->data->set));
    TRY(check_arrays(checkpoint, &experiment->program));
    TRY(write_arrays(checkpoint, experiment));
    write_starts(checkpoint, experiment);
    if (!checkpoint->weights_only) {
        write_scalars(checkpoint, experiment);
        take_facts(checkpoint, experiment);
        experiment_weigh(experiment);
    }
    experiment_describe(experiment);
    experiment_refresh(experiment);
    return ok();
}
