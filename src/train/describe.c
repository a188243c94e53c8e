/* The facts of a run that follow from its settings and its program. */
#include "train/experiment.h"

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "train/updates.h"

#include <stdlib.h>
#include <string.h>

static void describe_scaler(Experiment *experiment)
{
    const ScalerSpec *spec = &experiment->settings.scaler;
    ScalerFacts *facts = &experiment->facts.scaler;
    Scalars scalars;

    experiment->class->scalars_get(experiment->store, &scalars);
    facts->mode = spec->mode == SCALE_OFF      ? SCALER_OFF
                  : spec->mode == SCALE_STATIC ? SCALER_STATIC
                                               : SCALER_DYNAMIC;
    facts->scale = scalars.scale;
    facts->tracker = scalars.tracker;
    facts->growth = spec->growth;
    facts->backoff = spec->backoff;
    facts->interval = spec->interval;
    facts->floor = spec->floor;
    facts->hysteresis = spec->hysteresis;
    facts->spent = scalars.spent;
    facts->take_all = spec->mode != SCALE_OFF && spec->take_all;
    facts->leave_scaled = spec->mode != SCALE_OFF && spec->leave_scaled;
}

static void describe_clip(const ClipSpec *spec, ClipFacts *facts)
{
    *facts = (ClipFacts){
        .norm = spec->kind == CLIP_BY_NORM,
        .value = spec->kind == CLIP_BY_VALUE,
        .most = spec->most,
        .before_unscale = spec->before_unscale,
    };
}

static void describe_policy(const Policy *policy, PolicyFacts *facts)
{
    const Policy forced = {.force = policy->force};
    Text words = {0};

    *facts =
        (PolicyFacts){.norms = policy_forces(policy, "layernorm"), .unstable = policy->unstable};
    policy_print(policy, &words);
    text_copy(facts->words, sizeof facts->words, text_chars(&words) + (words.length > 0));
    text_release(&words);
    if (policy->force == 0)
        return;
    policy_print(&forced, &words);
    text_copy(facts->forced, sizeof facts->forced, strchr(text_chars(&words), '=') + 1);
    text_release(&words);
}

static void describe_fp8(const Settings *settings, Snapshot *facts)
{
    Text words = {0};

    if (format_is_fp8(settings->autocast))
        fp8_print(&settings->fp8, &words);
    text_copy(facts->fp8, sizeof facts->fp8, text_chars(&words));
    text_release(&words);
}

/* The decimal that was typed: 0.0001, and not the float beside it. */
static double as_typed(float setting)
{
    char text[NUMBER_TEXT];
    double value = (double)setting;

    return failed(number_parse(float_shortest(setting, text), &value)) ? (double)setting : value;
}

void experiment_describe(Experiment *experiment)
{
    const Settings *settings = &experiment->settings;
    Snapshot *facts = &experiment->facts;
    char words[DATA_PATH + 64];

    data_spec_print(&settings->data, words, sizeof words);
    text_copy(facts->data, sizeof facts->data, words);
    net_print(&settings->net, facts->net, sizeof facts->net);
    optim_print(&settings->optim, facts->optim, sizeof facts->optim);
    loss_print(&settings->loss, facts->loss_name, sizeof facts->loss_name);
    facts->gain = settings->data.gain;
    facts->loss_weight = as_typed(settings->loss.weight);
    facts->batch = settings->batch;
    facts->accumulate = settings->accumulate;
    facts->seed = settings->seed;
    facts->autocast = settings->autocast;
    facts->weights = settings_weights(settings);
    facts->states = settings->optim.states;
    text_copy(facts->rounding, sizeof facts->rounding,
              weight_rounding_names[facts->weights == FORMAT_FP32 ? ROUNDING_NEAREST
                                                                  : settings->rounding]);
    facts->eps_lost = optim_loses_eps(&settings->optim) ? settings->optim.eps : 0.0;
    facts->pace = settings->pace;
    facts->probes = settings->probes == PROBE_ON || settings->probes == PROBE_UPDATES;
    facts->lr = settings->optim.lr;
    facts->epoch_steps = experiment_epoch_steps(experiment);
    if (facts->step == 0)
        facts->loss = facts->batch_loss = facts->grad_norm = facts->clip_coef =
            (Measure){.none = true};
    if (facts->accuracy_step == 0 && facts->accuracy.value == 0.0)
        facts->accuracy = (Measure){.none = true};
    if (facts->steps_per_second.value == 0.0)
        facts->steps_per_second = (Measure){.none = true};
    describe_scaler(experiment);
    describe_clip(&settings->clip, &facts->clip);
    describe_policy(&settings->policy, &facts->policy);
    describe_fp8(settings, facts);
}

/* One that rounds: what widens is for operations that are kept in fp32. */
static bool has_copy(const Program *program, ValueId id)
{
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i].source == id && program->values[i].format != FORMAT_FP32)
            return true;
    return false;
}

/* Of a value and its cast only the cast: it is what rounds, and one name means one tensor. */
static bool shown(const Program *program, ValueId id)
{
    Role role = program->values[id].role;

    return (role == ROLE_COPY && program->values[id].format != FORMAT_FP32) ||
           ((role == ROLE_ACTIVATION || role == ROLE_ACTIVATION_GRAD || role == ROLE_WEIGHT_GRAD) &&
            !has_copy(program, id));
}

static TensorKind tensor_kind(const Program *program, const Value *value)
{
    switch (value->role) {
    case ROLE_ACTIVATION_GRAD:
        return TENSOR_ACTIVATION_GRAD;
    case ROLE_WEIGHT_GRAD:
        return TENSOR_WEIGHT_GRAD;
    case ROLE_COPY:
        return tensor_kind(program, &program->values[value->source]);
    case ROLE_MASTER:
        return TENSOR_WEIGHT;
    case ROLE_INPUT:
        return TENSOR_INPUT;
    default:
        return TENSOR_ACTIVATION;
    }
}

static TensorFacts *add_tensor(Experiment *experiment, const Value *value)
{
    Snapshot *facts = &experiment->facts;
    const Value *named =
        value->role == ROLE_COPY ? &experiment->program.values[value->source] : value;
    TensorFacts *tensor = &facts->tensors[facts->tensor_count++];

    *tensor = (TensorFacts){
        .kind = tensor_kind(&experiment->program, value),
        .format = value->format,
        .count = value_count(value),
        .moved = {.none = true},
    };
    tensor->scaled = tensor_is_grad(tensor) && experiment->settings.scaler.mode != SCALE_OFF;
    text_copy(tensor->name, sizeof tensor->name, named->name);
    return tensor;
}

/* What fp8_history has of the cast that is this instruction. */
static void add_fp8(const Experiment *experiment, int instr, TensorFacts *tensor)
{
    const Program *program = &experiment->program;
    ValueId scale = program_fp8_scale(program, program->instrs[instr].out);
    float seen[FP8_MOST_HISTORY + 1] = {0};

    for (int i = 0; i < instr && scale != NO_VALUE; i++) {
        const Value *history = &program->values[program->instrs[i].in[1]];

        if (program->instrs[i].op != OP_FP8_SCALE || program->instrs[i].out != scale ||
            failed(experiment->class->store_read(experiment->store, history->name, seen,
                                                 value_count(history))))
            continue;
        tensor->fp8_scale = seen[FP8_LAST_SCALE];
        tensor->fp8_amax = seen[FP8_LAST_AMAX];
    }
}

/* A gradient without a nonzero value, behind one that lost all of its own. */
static void name_starved(Snapshot *facts)
{
    const char *thief = NULL;

    for (int i = 0; i < facts->tensor_count; i++) {
        TensorFacts *tensor = &facts->tensors[i];
        int64_t nonzero = cast_counts_nonzero(&tensor->counts);

        if (!tensor_is_grad(tensor) || !tensor->probed)
            continue;
        if (nonzero == 0 && thief != NULL)
            text_copy(tensor->starved_by, sizeof tensor->starved_by, thief);
        else if (nonzero > 0 && tensor->counts.classes[CAST_UNDERFLOW] == nonzero && thief == NULL)
            thief = tensor->name;
    }
}

/* In fp32 the weights have no casts, and under tf32 the biases; they are listed all the same. */
static void add_masters(Experiment *experiment)
{
    const Program *program = &experiment->program;

    for (int i = 0; i < program->param_count; i++)
        if (!has_copy(program, program->params[i].master))
            (void)add_tensor(experiment, &program->values[program->params[i].master]);
}

Status experiment_counts(const Experiment *experiment, int instr, CastCounts *counts)
{
    *counts = (CastCounts){0};
    if (experiment->kept_counts != NULL && !experiment_has_run(experiment, instr))
        *counts = experiment->kept_counts[instr];
    else if (experiment->program.instrs[instr].counted)
        return experiment->class->counts_read(experiment->plan, instr, counts);
    return ok();
}

static bool probed(Experiment *experiment, int instr, CastCounts *counts)
{
    Status status = experiment_counts(experiment, instr, counts);

    if (status.code == STATUS_DEVICE)
        experiment->trouble = status;
    return !failed(status) && experiment->program.instrs[instr].counted && counts->count > 0;
}

static TensorFacts *weight_of(const Snapshot *facts, const char *name)
{
    for (int i = 0; i < facts->tensor_count; i++)
        if (strcmp(facts->tensors[i].name, name) == 0)
            return &facts->tensors[i];
    return NULL;
}

static void add_lost_updates(Experiment *experiment)
{
    const Program *program = &experiment->program;

    experiment->facts.updates = false;
    for (int i = program_phase(program, PHASE_STEP); i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];
        TensorFacts *weight;
        CastCounts counts;

        if (instr->phase != PHASE_STEP || !instr->counted)
            continue;
        experiment->facts.updates = true;
        weight = weight_of(&experiment->facts, program->values[instr->in[STEP_WEIGHT]].name);
        if (weight == NULL || !probed(experiment, i, &counts))
            continue;
        weight->broken = counts.classes[CAST_NAN] + counts.classes[CAST_INF];
        weight->updates = cast_counts_nonzero(&counts);
        weight->lost_updates = counts.classes[CAST_UNDERFLOW];
    }
}

void experiment_refresh(Experiment *experiment)
{
    const Program *program = &experiment->program;
    Snapshot *facts = &experiment->facts;

    free(facts->tensors);
    facts->tensors = xcalloc((size_t)program->value_count + (size_t)program->param_count + 1,
                             sizeof *facts->tensors);
    facts->tensor_count = 0;
    add_masters(experiment);
    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];
        TensorFacts *tensor;

        /* A sum over micro-batches is the gradient that stands in the list already. */
        if (instr->out == NO_VALUE || instr->op == OP_ACCUMULATE || !shown(program, instr->out))
            continue;
        tensor = add_tensor(experiment, &program->values[instr->out]);
        tensor->counted = instr->counted;
        add_fp8(experiment, i, tensor);
        tensor->probed = probed(experiment, i, &tensor->counts);
        if (tensor->probed && facts->step > 0 && experiment->phases_run == 0)
            heat_add(&facts->heat, tensor->name, facts->step, &tensor->counts);
    }
    name_starved(facts);
    add_lost_updates(experiment);
    updates_refresh(experiment);
}
