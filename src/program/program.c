#include "program/program.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const fp8_scaling_names[] = {
    [FP8_SCALING_NONE] = "none",
    [FP8_SCALING_CURRENT] = "current",
    [FP8_SCALING_DELAYED] = "delayed",
    [FP8_SCALINGS] = NULL,
};

void program_release(Program *program)
{
    free(program->values);
    free(program->instrs);
    free(program->params);
    *program = (Program){0};
}

static void *copied(const void *array, int count, size_t size)
{
    void *copy = xcalloc((size_t)count + 1, size);

    if (count > 0)
        memcpy(copy, array, (size_t)count * size);
    return copy;
}

Program program_copy(const Program *program)
{
    return (Program){
        .values = copied(program->values, program->value_count, sizeof *program->values),
        .instrs = copied(program->instrs, program->instr_count, sizeof *program->instrs),
        .params = copied(program->params, program->param_count, sizeof *program->params),
        .value_count = program->value_count,
        .instr_count = program->instr_count,
        .param_count = program->param_count,
        .value_room = (size_t)program->value_count + 1,
        .instr_room = (size_t)program->instr_count + 1,
        .param_room = (size_t)program->param_count + 1,
        .batch = program->batch,
        .rounds = program->rounds,
    };
}

int64_t value_count(const Value *value)
{
    int64_t count = 1;

    for (int i = 0; i < value->rank; i++)
        count *= value->shape[i];
    return count;
}

int64_t value_rows(const Value *value)
{
    if (value->rank < 2)
        return 1;
    return value->rank == 3 ? value->shape[0] * value->shape[1] : value->shape[0];
}

int64_t value_cols(const Value *value)
{
    int64_t rows = value_rows(value);

    return rows == 0 ? 0 : value_count(value) / rows;
}

bool value_lasts(const Value *value)
{
    return value->role == ROLE_MASTER || value->role == ROLE_STATE || value->role == ROLE_HISTORY;
}

ValueId program_find(const Program *program, const char *name)
{
    for (int i = 0; i < program->value_count; i++)
        if (strcmp(program->values[i].name, name) == 0)
            return i;
    return NO_VALUE;
}

bool step_is_low(const Program *program, const Instr *instr)
{
    bool low = instr->counted || instr->constants[CONSTANT_ROUNDING] != (double)ROUNDING_NEAREST;

    for (int i = 0; i < INSTR_INPUTS; i++)
        if (i != STEP_GRAD && instr->in[i] != NO_VALUE)
            low = low || program->values[instr->in[i]].format != FORMAT_FP32;
    return low;
}

Sliding instr_sliding(const Program *program, const Instr *instr)
{
    const Value *v = program->values;
    bool forward = instr->op == OP_CONV2D, input = instr->op == OP_CONV2D_DX;
    const Value *x = &v[forward ? instr->in[0] : input ? instr->out : instr->in[1]];
    const Value *w = &v[forward || input ? instr->in[1] : instr->out];
    const Value *out = &v[forward ? instr->out : instr->in[0]];

    return (Sliding){
        .examples = x->shape[0],
        .channels = x->shape[1],
        .height = x->shape[2],
        .width = x->shape[3],
        .outputs = out->shape[1],
        .out_height = out->shape[2],
        .out_width = out->shape[3],
        .kernel = w->shape[2],
        .stride = (int64_t)instr->constants[CONV_STRIDE],
        .pad = (int64_t)instr->constants[CONV_PAD],
    };
}

ValueId program_fp8_scale(const Program *program, ValueId copy)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].op == OP_CAST_FP8 && program->instrs[i].out == copy)
            return program->instrs[i].in[1];
    return NO_VALUE;
}

Format instr_forced(const Instr *instr)
{
    switch (instr->op) {
    case OP_LAYERNORM:
    case OP_LAYERNORM_DX:
    case OP_LAYERNORM_DW:
    case OP_LOG_SOFTMAX:
    case OP_LOG_SOFTMAX_BACKWARD:
    case OP_CAUSAL_SOFTMAX:
    case OP_CAUSAL_SOFTMAX_BACKWARD:
        return (Format)instr->constants[LOW_FORMAT];
    default:
        return FORMAT_FP32;
    }
}

Heads instr_heads(const Program *program, const Instr *instr)
{
    const Value *out = &program->values[instr->out], *in = &program->values[instr->in[0]];
    const Value *row = out->rank == 3 && instr->op != OP_ATTENTION_JOIN ? out : in;
    int64_t heads = (int64_t)instr->constants[ATTENTION_HEADS];

    return (Heads){
        .examples = row->shape[0],
        .time = row->shape[1],
        .heads = heads,
        .width = row->shape[2] / heads,
    };
}

float heads_scale(const Heads *heads)
{
    return (float)sqrt(1.0 / (double)heads->width);
}

bool op_is_head_product(OpKind op)
{
    switch (op) {
    case OP_ATTENTION_SCORES:
    case OP_ATTENTION_VALUES:
    case OP_ATTENTION_DPROBS:
    case OP_ATTENTION_DV:
    case OP_ATTENTION_DQ:
    case OP_ATTENTION_DK:
        return true;
    default:
        return false;
    }
}

bool op_is_product(OpKind op)
{
    switch (op) {
    case OP_LINEAR:
    case OP_LINEAR_DX:
    case OP_LINEAR_DW:
    case OP_CONV2D:
    case OP_CONV2D_DX:
    case OP_CONV2D_DW:
        return true;
    default:
        return op_is_head_product(op);
    }
}

int program_phase(const Program *program, Phase phase)
{
    int i = program->instr_count;

    while (i > 0 && program->instrs[i - 1].phase >= phase)
        i--;
    return i;
}

bool program_has_phase(const Program *program, Phase phase)
{
    return program_phase(program, phase) < program_phase(program, (Phase)(phase + 1));
}

int64_t channel_numbers(const Value *examples, int64_t channels)
{
    return value_count(examples) / channels;
}

const Instr *program_clip(const Program *program)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].phase == PHASE_CLIP)
            return &program->instrs[i];
    return NULL;
}

int program_rounds(const Program *program)
{
    return program->rounds > 1 ? program->rounds : 1;
}
