#include "amp/emit.h"

void amp_emit_accumulate(Builder *builder)
{
    Program *program = builder->program;

    builder->phase = PHASE_BACKWARD;
    for (int i = 0; i < program->param_count && program_rounds(program) > 1; i++) {
        ValueId grad = program->params[i].grad, sum;
        char name[VALUE_NAME];

        if (grad == NO_VALUE)
            continue;
        text_copy(name, sizeof name, builder_get(builder, grad)->name);
        sum = builder_like(builder, grad, ROLE_WEIGHT_GRAD, FORMAT_FP32, "%.43s.sum", name);
        builder_emit(builder, OP_ACCUMULATE, sum, grad, NO_VALUE, NO_VALUE);
        program->params[i].grad = sum;
    }
}

void amp_emit_unscale(Builder *builder)
{
    builder->phase = PHASE_UNSCALE;
    for (int i = 0; i < builder->program->param_count; i++) {
        ValueId grad = builder->program->params[i].grad;

        if (grad != NO_VALUE)
            builder_emit(builder, OP_UNSCALE, NO_VALUE, grad, NO_VALUE, NO_VALUE);
    }
}

void amp_emit_update(Builder *builder)
{
    Program *program = builder->program;
    int count = program->instr_count;

    builder->phase = PHASE_UPDATE;
    for (int i = 0; i < count; i++)
        if (program->instrs[i].op == OP_FP8_SCALE)
            builder_emit(builder, OP_FP8_HISTORY, NO_VALUE, program->instrs[i].in[1],
                         program->instrs[i].out, NO_VALUE);
    builder_emit(builder, OP_UPDATE, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE);
}
