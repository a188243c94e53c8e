#include "recipe.h"

#include "amp/emit.h"
#include "amp/fp8.h"
#include "base/memory.h"
#include "base/text.h"
#include "check.h"
#include "nn/emit.h"
#include "optim/optim.h"
#include "train/loaded.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

enum { SETS = 8 };

static struct {
    DataSpec spec;
    Dataset *set;
} loaded[SETS];

static DataSpec data_of(const Recipe *recipe)
{
    DataSpec spec = data_spec_default();

    text_copy(spec.kind, sizeof spec.kind, recipe->data);
    spec.limit = recipe->limit;
    spec.size = recipe->size;
    spec.context = recipe->context;
    spec.target_input = recipe->loss != NULL;
    spec.seed = 1;
    return spec;
}

static bool same_data(const DataSpec *a, const DataSpec *b)
{
    return strcmp(a->kind, b->kind) == 0 && a->limit == b->limit && a->size == b->size &&
           a->context == b->context && a->target_input == b->target_input;
}

const Dataset *recipe_data(const Recipe *recipe)
{
    DataSpec spec = data_of(recipe);
    int i = 0;

    while (i < SETS && loaded[i].set != NULL && !same_data(&loaded[i].spec, &spec))
        i++;
    if (i == SETS)
        must(fail(STATUS_USAGE, "too many data sets"), recipe->name);
    if (loaded[i].set == NULL) {
        must(data_load(&spec, &loaded[i].set), recipe->name);
        loaded[i].spec = spec;
    }
    return loaded[i].set;
}

void recipe_data_free(void)
{
    for (int i = 0; i < SETS; i++)
        data_free(loaded[i].set);
}

static bool counts(const Recipe *recipe, const Program *program, const Value *out)
{
    Role role;

    if (out == NULL) /* the optimizer's step */
        return recipe->counting == COUNT_ALL;
    role = out->source == NO_VALUE ? out->role : program->values[out->source].role;
    return recipe->counting == COUNT_ALL ||
           (recipe->counting >= COUNT_WEIGHT_GRADS && role == ROLE_WEIGHT_GRAD) ||
           (recipe->counting >= COUNT_GRADS && role == ROLE_ACTIVATION_GRAD);
}

static OptimSpec optim_of(const Recipe *recipe)
{
    OptimSpec spec;

    must(optim_spec(recipe->optim != NULL ? recipe->optim : "adamw", &spec), recipe->name);
    spec.lr = recipe->lr > 0.0 ? recipe->lr : spec.lr;
    spec.states = recipe->states;
    return spec;
}

void recipe_program(const Recipe *recipe, Program *program)
{
    const Dataset *set = recipe_data(recipe);
    Builder builder = {.program = program,
                       .low = recipe->low,
                       .low_weights = recipe->low_weights,
                       .rounding = recipe->rounding,
                       .fp8 = fp8_spec_default(),
                       .probes = PROBE_ON};
    ExampleShape shape = {.rank = set->rank,
                          .classes = set->class_count,
                          .target_width = set->target_width,
                          .text = set->text_count > 0};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    OptimSpec optim = optim_of(recipe);
    NetSpec net;
    Net emitted;

    memcpy(shape.shape, set->shape, (size_t)set->rank * sizeof *set->shape);
    if (recipe->loss != NULL)
        text_copy(loss.kind, sizeof loss.kind, recipe->loss);
    must(net_parse(recipe->net, recipe->act, &net), recipe->net);
    must(net_check(&net, &loss, &shape), recipe->net);
    program->batch = recipe->batch;
    program->rounds = recipe->rounds;
    nn_emit_step(&builder, &net, &loss, &shape, &emitted);
    amp_emit_accumulate(&builder);
    if (recipe->clip.before_unscale)
        clip_emit(&recipe->clip, &builder);
    amp_emit_unscale(&builder);
    if (!recipe->clip.before_unscale)
        clip_emit(&recipe->clip, &builder);
    optim_emit(&optim, &builder);
    amp_emit_update(&builder);
    for (int i = 0; i < program->instr_count; i++) {
        Instr *instr = &program->instrs[i];

        instr->counted =
            instr->counted &&
            counts(recipe, program, instr->out == NO_VALUE ? NULL : &program->values[instr->out]);
    }
    must(program_verify(program), recipe->name);
}

static void write_scalars(const Recipe *recipe, Side *side)
{
    const ScalerSpec *scaler = &recipe->scaler;
    Scalars scalars = {
        .scale = scaler->mode == SCALE_OFF ? 1.0f : scaler->start,
        .dynamic = scaler->mode == SCALE_DYNAMIC,
        .check = scaler->mode != SCALE_OFF,
        .growth = scaler->growth,
        .backoff = scaler->backoff,
        .interval = scaler->interval,
        .floor = scaler->floor,
        .hysteresis = scaler->hysteresis,
        .take_all = scaler->take_all,
        .leave_scaled = scaler->leave_scaled,
        .lr = optim_of(recipe).lr,
        .seed = 3,
        .loss_weight = recipe->weight > 0.0f ? recipe->weight : 1.0f,
    };

    side->class->scalars_set(side->store, &scalars);
}

void recipe_start(const Recipe *recipe, const Program *program, Side *side)
{
    DataView view = loaded_view(recipe_data(recipe));

    must(side->class->data_new(side->backend, &view, &side->data), "data_new");
    must(side->class->store_new(side->backend, &side->store), "store_new");
    write_scalars(recipe, side);
    must(side->class->plan_new(side->backend, program, side->store, side->data, &side->plan),
         "plan_new");
    for (int i = 0; i < program->param_count; i++) {
        const Value *master = &program->values[program->params[i].master];
        int64_t count = value_count(master);
        float *values = xaligned((size_t)count, sizeof *values);

        nn_init_param(program, i, 1, values);
        round_array(master->format, OVERFLOW_INFINITY, values, values, count);
        must(side->class->store_write(side->store, master->name, values, count), master->name);
        free(values);
    }
}

Course course_start(void)
{
    return (Course){.loaded = {-1, -1}, .seed = 1};
}

void course_step(Course *course, const Recipe *recipe, Side *side)
{
    const Dataset *set = recipe_data(recipe);
    DataSpec spec = data_of(recipe);
    int64_t count = set->train_count,
            rows = recipe->batch * (recipe->rounds > 1 ? recipe->rounds : 1);
    int64_t last = (course->position + rows - 1) / count;

    for (int64_t epoch = course->position / count; epoch <= last; epoch++) {
        int32_t *order;

        if (course->loaded[epoch & 1] == epoch)
            continue;
        order = xcalloc((size_t)count, sizeof *order);
        data_order(&spec, set, course->seed, epoch, order);
        must(side->class->data_order(side->data, epoch, order), "data_order");
        course->loaded[epoch & 1] = epoch;
        free(order);
    }
    course->position += rows;
}

void state_read(const Side *side, const Program *program, State *state)
{
    state->values = xcalloc((size_t)program->value_count, sizeof *state->values);
    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];
        int64_t count = value_count(value);

        if (!value_lasts(value))
            continue;
        state->values[i] = xaligned((size_t)count, sizeof(float));
        must(side->class->store_read(side->store, value->name, state->values[i], count),
             value->name);
    }
    side->class->scalars_get(side->store, &state->scalars);
}

void state_write(const State *state, const Program *program, Side *side)
{
    for (int i = 0; i < program->value_count; i++)
        if (state->values[i] != NULL)
            must(side->class->store_write(side->store, program->values[i].name, state->values[i],
                                          value_count(&program->values[i])),
                 program->values[i].name);
    side->class->scalars_set(side->store, &state->scalars);
}

void state_free(const Program *program, State *state)
{
    if (state->values != NULL)
        for (int i = 0; i < program->value_count; i++)
            free(state->values[i]);
    free(state->values);
    *state = (State){0};
}

bool check_state(const Program *program, const State *a, const State *b, const char *what)
{
    for (int i = 0; i < program->value_count; i++) {
        int64_t place;

        if (a->values[i] == NULL)
            continue;
        place = first_difference(a->values[i], b->values[i], value_count(&program->values[i]));
        if (place >= 0)
            return check(false, "%s: %s differs at %lld: %a and %a", what, program->values[i].name,
                         (long long)place, (double)a->values[i][place],
                         (double)b->values[i][place]);
    }
    return check(a->scalars.scale == b->scalars.scale && a->scalars.tracker == b->scalars.tracker &&
                     a->scalars.step == b->scalars.step && a->scalars.taken == b->scalars.taken &&
                     a->scalars.position == b->scalars.position,
                 "%s: scalars differ: scale %g and %g, tracker %d and %d, step %lld and %lld, "
                 "taken %lld and %lld",
                 what, (double)a->scalars.scale, (double)b->scalars.scale, a->scalars.tracker,
                 b->scalars.tracker, (long long)a->scalars.step, (long long)b->scalars.step,
                 (long long)a->scalars.taken, (long long)b->scalars.taken);
}
