#include "train/experiment.h"

#include "amp/clip.h"
#include "amp/emit.h"
#include "amp/scaler.h"
#include "base/memory.h"
#include "train/lasting.h"
#include "train/updates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OUTCOMES = 64 }; /* collected at a time */

ExampleShape example_shape(const Dataset *set)
{
    ExampleShape shape = {.rank = set->rank,
                          .classes = set->class_count,
                          .target_width = set->target_width,
                          .text = set->text_count > 0};

    memcpy(shape.shape, set->shape, (size_t)set->rank * sizeof *set->shape);
    return shape;
}

void experiment_emit(const Settings *settings, const char *also, const Dataset *set,
                     Program *program)
{
    Builder builder = settings_builder(settings, program);
    ExampleShape shape = example_shape(set);
    Net net;

    builder.also = also;
    builder.probes = settings->probes;
    program->batch = settings->batch;
    program->rounds = (int)settings->accumulate;
    nn_emit_step(&builder, &settings->net, &settings->loss, &shape, &net);
    amp_emit_accumulate(&builder);
    if (settings->clip.before_unscale)
        clip_emit(&settings->clip, &builder);
    amp_emit_unscale(&builder);
    if (!settings->clip.before_unscale)
        clip_emit(&settings->clip, &builder);
    optim_emit(&settings->optim, &builder);
    amp_emit_update(&builder);
}

bool backend_is_cpu(const BackendClass *class)
{
    return strcmp(class->name, "cpu") == 0;
}

/* Masters are kept a second time, as they began. What computes elsewhere has host copies of what
 * lasts: a checkpoint, and the one that is to replace it. */
static int copies_of(const BackendClass *class, const Value *value)
{
    if (backend_is_cpu(class))
        return value->role == ROLE_MASTER ? 2 : 1;
    return value->role == ROLE_MASTER ? 5 : value_lasts(value) ? 2 : 0;
}

static int64_t numbers_of(const BackendClass *class, const Program *program)
{
    int64_t numbers = 0;

    for (int i = 0; i < program->value_count; i++)
        numbers += value_count(&program->values[i]) * copies_of(class, &program->values[i]);
    return numbers;
}

int64_t experiment_most(const BackendClass *class)
{
    return backend_is_cpu(class) ? MOST_NUMBERS : (int64_t)MOST_NUMBERS * GPU_FACTOR;
}

static Status check_size(const BackendClass *class, const Program *program)
{
    int64_t numbers = numbers_of(class, program);

    if (numbers > experiment_most(class))
        return fail(STATUS_MEMORY,
                    "this network at this batch needs %lld MiB; %lld MiB is the most "
                    "that is taken, so make one of them smaller",
                    (long long)(numbers >> 18), (long long)(experiment_most(class) >> 18));
    return ok();
}

static Status find_problem(const Settings *settings, const Dataset *set)
{
    ExampleShape shape = example_shape(set);

    TRY(net_check(&settings->net, &settings->loss, &shape));
    return settings_fit(settings, set->train_count);
}

/* A program for `settings`; not kept on failure. */
static Status make_program(const Experiment *experiment, const Settings *settings, Program *program)
{
    Status status;

    experiment_emit(settings, experiment->also, experiment->data->set, program);
    status = check_size(experiment->class, program);
    if (!failed(status))
        status = program_verify(program);
    if (failed(status))
        program_release(program);
    return status;
}

static Status write_start(Experiment *experiment)
{
    const Program *program = &experiment->program;

    experiment->start = xcalloc((size_t)program->param_count + 1, sizeof *experiment->start);
    for (int i = 0; i < program->param_count; i++) {
        const Value *master = &program->values[program->params[i].master];
        int64_t count = value_count(master);

        experiment->start[i] = xaligned((size_t)count, sizeof(float));
        nn_init_param(program, i, experiment->settings.seed, experiment->start[i]);
        TRY(lasting_write(experiment, master, experiment->start[i]));
    }
    return ok();
}

static void write_scalars(Experiment *experiment, bool restart_scaler)
{
    const Settings *settings = &experiment->settings;
    Scalars scalars;

    experiment->class->scalars_get(experiment->store, &scalars);
    if (restart_scaler) {
        scalars.scale = settings->scaler.mode == SCALE_OFF ? 1.0f : settings->scaler.start;
        scalars.tracker = scalars.spent = 0;
    }
    scalars.dynamic = settings->scaler.mode == SCALE_DYNAMIC;
    scalars.check = settings->scaler.mode != SCALE_OFF;
    scalars.growth = settings->scaler.growth;
    scalars.backoff = settings->scaler.backoff;
    scalars.interval = settings->scaler.interval;
    scalars.floor = settings->scaler.floor;
    scalars.hysteresis = settings->scaler.hysteresis;
    scalars.spent = scaler_borne(scalars.spent, scalars.hysteresis);
    scalars.take_all = settings->scaler.take_all;
    scalars.leave_scaled = settings->scaler.mode != SCALE_OFF && settings->scaler.leave_scaled;
    scalars.lr = settings->optim.lr;
    scalars.loss_weight = settings->loss.weight / (float)settings->accumulate;
    scalars.seed = settings->seed;
    experiment->class->scalars_set(experiment->store, &scalars);
}

static Status start_run(Experiment *experiment)
{
    TRY(experiment->class->store_new(experiment->backend, &experiment->store));
    write_scalars(experiment, true);
    if (failed(experiment->problem))
        return ok();
    TRY(make_program(experiment, &experiment->settings, &experiment->program));
    TRY(experiment->class->plan_new(experiment->backend, &experiment->program, experiment->store,
                                    experiment->data->device, &experiment->plan));
    experiment->numbers = numbers_of(experiment->class, &experiment->program);
    experiment_weigh(experiment);
    return write_start(experiment);
}

int64_t experiment_size(const BackendClass *class, const Settings *settings, const Dataset *set)
{
    Program program = {0};
    int64_t numbers = 0;

    if (!failed(find_problem(settings, set))) {
        experiment_emit(settings, NULL, set, &program);
        numbers = numbers_of(class, &program);
    }
    program_release(&program);
    return numbers;
}

Status experiment_pending(const BackendClass *class, Backend *backend, LoadedData *data,
                          const Settings *settings, Status problem, Experiment **experiment)
{
    Experiment *made = xcalloc(1, sizeof *made);
    Status status;

    made->class = class;
    made->backend = backend;
    made->data = data;
    made->settings = *settings;
    experiment_forget_orders(made);
    made->problem = problem;
    status = start_run(made);
    if (failed(status)) {
        experiment_free(made);
        return status;
    }
    experiment_describe(made);
    experiment_refresh(made);
    *experiment = made;
    return ok();
}

Status experiment_new(const BackendClass *class, Backend *backend, LoadedData *data,
                      const Settings *settings, Experiment **experiment)
{
    return experiment_pending(class, backend, data, settings, find_problem(settings, data->set),
                              experiment);
}

void experiment_free(Experiment *experiment)
{
    if (experiment == NULL)
        return;
    updates_forget(experiment);
    experiment->class->plan_free(experiment->plan);
    experiment->class->store_free(experiment->store);
    if (experiment->start != NULL)
        for (int i = 0; i < experiment->program.param_count; i++)
            free(experiment->start[i]);
    free(experiment->start);
    program_release(&experiment->program);
    snapshot_release(&experiment->facts);
    free(experiment->kept_counts);
    free(experiment->also);
    free(experiment);
}

/* A changed optimizer starts from zeros, also where its states are named as the old one's, and Adam's
 * bias correction counts from there. */
static Status restart_optimizer(Experiment *experiment, const Program *old)
{
    const Program *program = &experiment->program;
    Scalars scalars;

    for (int i = 0; i < old->value_count; i++)
        if (old->values[i].role == ROLE_STATE && program_find(program, old->values[i].name) < 0)
            experiment->class->store_drop(experiment->store, old->values[i].name);
    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];
        int64_t count = value_count(value);
        float *zeros;
        Status status;

        if (value->role != ROLE_STATE)
            continue;
        zeros = xcalloc((size_t)count, sizeof *zeros);
        status = experiment->class->store_write(experiment->store, value->name, zeros, count);
        free(zeros);
        TRY(status);
    }
    experiment->class->scalars_get(experiment->store, &scalars);
    scalars.taken = 0;
    experiment->class->scalars_set(experiment->store, &scalars);
    return ok();
}

static void forget_counts(Experiment *experiment)
{
    free(experiment->kept_counts);
    experiment->kept_counts = NULL;
}

static Status new_plan(Experiment *experiment, const Settings *wanted)
{
    bool restart = strcmp(wanted->optim.kind, experiment->settings.optim.kind) != 0;
    Program program = {0}, old = experiment->program;
    Store *store = NULL;
    Plan *plan = NULL;
    Status status;

    TRY(make_program(experiment, wanted, &program));
    status = lasting_plan(experiment, &program, restart, &store, &plan);
    if (failed(status)) {
        program_release(&program);
        return status;
    }
    experiment->class->plan_free(experiment->plan);
    if (store != experiment->store)
        experiment->class->store_free(experiment->store);
    experiment->store = store;
    experiment->plan = plan;
    experiment->computed = false;
    experiment->program = program;
    experiment->numbers = numbers_of(experiment->class, &program);
    forget_counts(experiment);
    if (restart)
        status = restart_optimizer(experiment, &old);
    program_release(&old);
    return status;
}

static void log_weights(Experiment *experiment, Format before)
{
    Format after = settings_weights(&experiment->settings);

    if (before != after)
        events_add(&experiment->facts.events, EVENT_SETTING, experiment->facts.step,
                   after == FORMAT_FP32 ? "the weights were widened to %s: no value changes"
                                        : "the weights were rounded to %s",
                   format_name(after));
}

Status experiment_change(Experiment *experiment, const Settings *wanted)
{
    const ScalerSpec *before = &experiment->settings.scaler, *after = &wanted->scaler;
    bool restart = before->mode != after->mode || before->start != after->start;
    bool other = !settings_same_program(&experiment->settings, wanted);
    Format weights = settings_weights(&experiment->settings);

    TRY(find_problem(wanted, experiment->data->set));
    if (other) {
        TRY(new_plan(experiment, wanted));
        updates_forget(experiment);
    }
    experiment->settings = *wanted;
    log_weights(experiment, weights);
    write_scalars(experiment, restart);
    if (other)
        experiment_weigh(experiment);
    experiment_describe(experiment);
    experiment_refresh(experiment);
    return ok();
}

Status experiment_plan_again(Experiment *experiment)
{
    return new_plan(experiment, &experiment->settings);
}

void experiment_restart_scaler(Experiment *experiment)
{
    write_scalars(experiment, true);
    experiment_describe(experiment);
}

void experiment_set_scale(Experiment *experiment, float scale)
{
    Scalars scalars;

    if (experiment->settings.scaler.mode != SCALE_DYNAMIC) {
        experiment->settings.scaler.mode = SCALE_STATIC;
        experiment->settings.scaler.start = scale;
    }
    write_scalars(experiment, false);
    experiment->class->scalars_get(experiment->store, &scalars);
    scalars.scale = scale;
    experiment->class->scalars_set(experiment->store, &scalars);
    experiment_describe(experiment);
}

void experiment_step_started(Experiment *experiment)
{
    experiment->computed = true;
    forget_counts(experiment);
    experiment->position += settings_examples(&experiment->settings);
    experiment->in_flight++;
}

Status experiment_start_step(Experiment *experiment)
{
    TRY(experiment_load_orders(experiment));
    TRY(updates_before_step(experiment));
    experiment->computed = false; /* an interrupted step leaves halves of values */
    TRY(experiment->injections.count > 0 ? inject_step(experiment)
                                         : experiment->class->plan_step(experiment->plan));
    experiment_step_started(experiment);
    return ok();
}

Status experiment_collect(Experiment *experiment, bool all)
{
    StepOutcome outcomes[OUTCOMES];
    int count = OUTCOMES;

    while (experiment->in_flight > 0 && (all ? count > 0 : count == OUTCOMES)) {
        TRY(experiment->class->plan_collect(experiment->plan, outcomes, OUTCOMES, all, &count));
        for (int i = 0; i < count; i++)
            experiment_record(experiment, &outcomes[i]);
        experiment->in_flight -= count;
    }
    return ok();
}

int64_t experiment_epoch_steps(const Experiment *experiment)
{
    int64_t batch = settings_examples(&experiment->settings);

    return (experiment->data->set->train_count + batch - 1) / batch;
}
