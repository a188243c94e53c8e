#include "optim/optim.h"

#include "base/number.h"
#include "base/text.h"
#include "numerics/round.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const Optimizer *const optimizer_table[] = {
#define OPTIMIZER_ENTRY(name) &name##_optimizer,
    OPTIMIZERS(OPTIMIZER_ENTRY)
#undef OPTIMIZER_ENTRY
        NULL,
};

const Optimizer *optim_find(const char *name)
{
    for (int i = 0; optimizer_table[i] != NULL; i++)
        if (strcmp(optimizer_table[i]->name, name) == 0)
            return optimizer_table[i];
    return NULL;
}

Status optim_spec(const char *name, OptimSpec *spec)
{
    const Optimizer *optimizer = optim_find(name);

    if (optimizer == NULL)
        return fail(STATUS_USAGE,
                    "there is no optimizer '%.30s'; there are sgd, momentum, adam, adamw", name);
    *spec = (OptimSpec){.lr = optimizer->lr,
                        .momentum = 0.9,
                        .beta1 = 0.9,
                        .beta2 = 0.999,
                        .eps = 1e-8,
                        .weight_decay = optimizer->weight_decay,
                        .states = FORMAT_FP32};
    text_copy(spec->kind, sizeof spec->kind, name);
    return ok();
}

Status optim_takes(const OptimSpec *spec, const char *option)
{
    const char *options = optim_find(spec->kind)->options;
    char key[OPTIM_NAME + 2];

    snprintf(key, sizeof key, "%.14s= ", option);
    if (strcmp(key, "lr= ") == 0 || strcmp(key, "weight_decay= ") == 0 ||
        strstr(options, key) != NULL)
        return ok();
    return fail(STATUS_USAGE, "%s has no %s; it takes lr= %sand weight_decay=", spec->kind, option,
                options);
}

static Status in_unit(const char *name, double value)
{
    if (value >= 0.0 && value < 1.0)
        return ok();
    return fail(STATUS_USAGE, "%s must be from 0 up to, not including, 1", name);
}

static Status not_negative(const char *name, double value, const char *usual)
{
    if (value >= 0.0 && isfinite(value))
        return ok();
    return fail(STATUS_USAGE, "%s must be 0 or more and finite; try %s", name, usual);
}

Status optim_check(const OptimSpec *spec)
{
    OptimSpec defaults;

    TRY(optim_spec(spec->kind, &defaults));
    TRY(not_negative("the learning rate", spec->lr, "lr=1e-3"));
    TRY(in_unit("momentum", spec->momentum));
    TRY(in_unit("beta1", spec->beta1));
    TRY(in_unit("beta2", spec->beta2));
    TRY(not_negative("eps", spec->eps, "eps=1e-8"));
    if (spec->states != FORMAT_FP32 && spec->states != FORMAT_FP16 && spec->states != FORMAT_BF16)
        return fail(STATUS_USAGE, "states are kept in fp32, fp16 or bf16, and not in %s",
                    format_name(spec->states));
    return not_negative("weight_decay", spec->weight_decay, "weight_decay=0.01");
}

static void print_if_other(Text *line, const char *name, double value, double usual)
{
    char number[NUMBER_TEXT];

    if (value != usual)
        text_printf(line, " %s=%s", name, number_shortest(value, number));
}

const char *optim_print(const OptimSpec *spec, char *text, int room)
{
    char number[NUMBER_TEXT];
    OptimSpec usual = *spec;
    Text line = {0};

    if (failed(optim_spec(spec->kind, &usual)))
        usual = *spec;
    text_printf(&line, "%s lr=%s", spec->kind, number_shortest(spec->lr, number));
    print_if_other(&line, "momentum", spec->momentum, usual.momentum);
    print_if_other(&line, "beta1", spec->beta1, usual.beta1);
    print_if_other(&line, "beta2", spec->beta2, usual.beta2);
    print_if_other(&line, "eps", spec->eps, usual.eps);
    print_if_other(&line, "weight_decay", spec->weight_decay, usual.weight_decay);
    if (spec->states != FORMAT_FP32)
        text_printf(&line, " states=%s", format_name(spec->states));
    text_copy(text, (size_t)room, text_chars(&line));
    text_release(&line);
    return text;
}

bool optim_loses_eps(const OptimSpec *spec)
{
    OpKind op = optim_find(spec->kind)->op;

    return (op == OP_ADAM || op == OP_ADAMW) && spec->eps > 0.0 &&
           round_to(spec->states, OVERFLOW_INFINITY, (float)spec->eps) == 0.0f;
}

static void emit_rounding(Builder *builder, int place, Instr *instr)
{
    const Value *weight = builder_get(builder, instr->in[STEP_WEIGHT]);

    instr->constants[CONSTANT_PLACE] = place;
    if (weight->format != FORMAT_FP32)
        instr->constants[CONSTANT_ROUNDING] = builder->rounding;
    instr->counted = builder->probes == PROBE_UPDATES ||
                     (builder->probes == PROBE_ON && step_is_low(builder->program, instr));
}

static ValueId compensation_of(Builder *builder, ValueId master)
{
    Value weight = *builder_get(builder, master);

    if (weight.format == FORMAT_FP32 || builder->rounding != ROUNDING_KAHAN)
        return NO_VALUE;
    return builder_like(builder, master, ROLE_STATE, weight.format, "%.30s.compensation",
                        weight.name);
}

static void emit_step(const Optimizer *optimizer, const OptimSpec *spec, Builder *builder,
                      int place)
{
    Param param = builder->program->params[place];
    char name[VALUE_NAME];
    Instr *instr;
    ValueId states[2] = {NO_VALUE, NO_VALUE}, compensation;

    memcpy(name, builder_get(builder, param.master)->name, sizeof name);
    for (int i = 0; optimizer->states[i] != NULL; i++)
        states[i] = builder_like(builder, param.master, ROLE_STATE, spec->states, "%.30s.%s", name,
                                 optimizer->states[i]);
    compensation = compensation_of(builder, param.master);
    instr = builder_emit(builder, optimizer->op, NO_VALUE, param.master, param.grad, states[0]);
    instr->in[3] = states[1];
    instr->in[STEP_COMPENSATION] = compensation;
    emit_rounding(builder, place, instr);
    instr->constants[CONSTANT_DECAY] = spec->weight_decay;
    instr->constants[CONSTANT_MOMENTUM] =
        optimizer->op == OP_MOMENTUM ? spec->momentum : spec->beta1;
    instr->constants[CONSTANT_BETA2] = spec->beta2;
    instr->constants[CONSTANT_EPS] = spec->eps;
}

void optim_emit(const OptimSpec *spec, Builder *builder)
{
    const Optimizer *optimizer = optim_find(spec->kind);

    builder->phase = PHASE_STEP;
    for (int i = 0; i < builder->program->param_count; i++)
        if (builder->program->params[i].grad != NO_VALUE)
            emit_step(optimizer, spec, builder, i);
}
