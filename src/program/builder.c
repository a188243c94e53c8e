#include "program/builder.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const probe_set_names[] = {
    [PROBE_OFF] = "off",     [PROBE_ON] = "on",           [PROBE_WEIGHT_GRADS] = "weight-grads",
    [PROBE_GRADS] = "grads", [PROBE_UPDATES] = "updates", [PROBE_UPDATES + 1] = NULL,
};

const char *const weight_rounding_names[] = {
    [ROUNDING_NEAREST] = "nearest",
    [ROUNDING_STOCHASTIC] = "stochastic",
    [ROUNDING_KAHAN] = "kahan",
    [ROUNDING_COUNT] = NULL,
};

static ValueId add_value(Builder *builder, Role role, Format format, int rank, const int64_t *shape)
{
    Program *program = builder->program;
    Value *value;

    program->values = grow(program->values, (size_t)program->value_count, &program->value_room,
                           sizeof *program->values);
    value = &program->values[program->value_count];
    *value = (Value){.role = role, .format = format, .rank = rank, .source = NO_VALUE};
    memcpy(value->shape, shape, (size_t)rank * sizeof *shape);
    return program->value_count++;
}

static void name_value(Builder *builder, ValueId id, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void name_value(Builder *builder, ValueId id, const char *fmt, va_list args)
{
    vsnprintf(builder->program->values[id].name, VALUE_NAME, fmt, args);
}

ValueId builder_value(Builder *builder, Role role, Format format, int rank, const int64_t *shape,
                      const char *fmt, ...)
{
    ValueId id = add_value(builder, role, format, rank, shape);
    va_list args;

    va_start(args, fmt);
    name_value(builder, id, fmt, args);
    va_end(args);
    return id;
}

ValueId builder_like(Builder *builder, ValueId like, Role role, Format format, const char *fmt, ...)
{
    Value shape = *builder_get(builder, like);
    ValueId id = add_value(builder, role, format, shape.rank, shape.shape);
    va_list args;

    va_start(args, fmt);
    name_value(builder, id, fmt, args);
    va_end(args);
    return id;
}

Format builder_weights(const Builder *builder)
{
    bool low = builder->low == FORMAT_FP16 || builder->low == FORMAT_BF16;

    return builder->low_weights && low ? builder->low : FORMAT_FP32;
}

ValueId builder_param(Builder *builder, int rank, const int64_t *shape, int64_t fan_in,
                      const char *name)
{
    Program *program = builder->program;
    ValueId master =
        builder_value(builder, ROLE_MASTER, builder_weights(builder), rank, shape, "%s", name);

    program->params = grow(program->params, (size_t)program->param_count, &program->param_room,
                           sizeof *program->params);
    program->params[program->param_count++] =
        (Param){.master = master, .grad = NO_VALUE, .fan_in = fan_in};
    return master;
}

static Param *param_of(Builder *builder, ValueId master)
{
    Program *program = builder->program;
    int i = 0;

    while (program->params[i].master != master)
        i++;
    return &program->params[i];
}

void builder_grad(Builder *builder, ValueId master, ValueId grad)
{
    param_of(builder, master)->grad = grad;
}

void builder_fan_out(Builder *builder, ValueId master, int64_t fan_out)
{
    param_of(builder, master)->fan_out = fan_out;
}

const Value *builder_get(const Builder *builder, ValueId id)
{
    return &builder->program->values[id];
}

Instr *builder_emit(Builder *builder, OpKind op, ValueId out, ValueId in0, ValueId in1, ValueId in2)
{
    Program *program = builder->program;
    Instr *instr;

    program->instrs = grow(program->instrs, (size_t)program->instr_count, &program->instr_room,
                           sizeof *program->instrs);
    instr = &program->instrs[program->instr_count++];
    *instr = (Instr){
        .op = op, .phase = builder->phase, .in = {in0, in1, in2, NO_VALUE, NO_VALUE}, .out = out};
    for (int i = 0; i < 2 && op_is_product(op); i++)
        instr->in[PRODUCT_SCALES + i] = program_fp8_scale(program, instr->in[i]);
    return instr;
}

/* Of a copy: what it is a cast of. */
static const Value *original(const Builder *builder, ValueId id)
{
    const Value *value = builder_get(builder, id);

    return value->source == NO_VALUE ? value : builder_get(builder, value->source);
}

static bool is_line_of(const char *lines, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = lines; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1)
        if (strcspn(line, "\n") == length && memcmp(line, name, length) == 0)
            return true;
    return false;
}

static bool is_probed(const Builder *builder, ValueId out)
{
    const Value *value = original(builder, out);
    Role role = value->role;

    if (is_line_of(builder->also, value->name))
        return true;
    switch (builder->probes) {
    case PROBE_ON:
    case PROBE_UPDATES:
        return true;
    case PROBE_WEIGHT_GRADS:
        return role == ROLE_WEIGHT_GRAD;
    case PROBE_GRADS:
        return role == ROLE_WEIGHT_GRAD || role == ROLE_ACTIVATION_GRAD;
    case PROBE_OFF:
        break;
    }
    return false;
}

Instr *builder_emit_counted(Builder *builder, OpKind op, ValueId out, ValueId in0, ValueId in1,
                            ValueId in2)
{
    Instr *instr = builder_emit(builder, op, out, in0, in1, in2);

    instr->counted = is_probed(builder, out);
    return instr;
}
