#include "amp/emit.h"

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
    builder->phase = PHASE_UPDATE;
    builder_emit(builder, OP_UPDATE, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE);
}
