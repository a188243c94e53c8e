#include "program/cost.h"

#include <string.h>

/* The dimension that a product sums over; 0: it is no product. */
static int64_t summed(const Program *program, const Instr *instr)
{
    switch (instr->op) {
    case OP_LINEAR: /* (batch, in) (out, in) -> (batch, out) */
        return program->values[instr->in[1]].shape[1];
    case OP_LINEAR_DX: /* (batch, out) (out, in) -> (batch, in) */
        return program->values[instr->in[1]].shape[0];
    case OP_LINEAR_DW: /* (batch, out) (batch, in) -> (out, in) */
        return program->values[instr->in[0]].shape[0];
    default:
        return 0;
    }
}

int64_t program_flops(const Program *program)
{
    int64_t flops = 0;

    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];
        int64_t depth = summed(program, instr);

        if (depth > 0)
            flops += 2 * depth * value_count(&program->values[instr->out]);
    }
    return flops * program_rounds(program);
}

MemoryKind memory_kind(const Value *value)
{
    switch (value->role) {
    case ROLE_MASTER:
        return MEMORY_WEIGHTS;
    case ROLE_COPY:
        return MEMORY_COPIES;
    case ROLE_WEIGHT_GRAD:
        return MEMORY_GRADS;
    case ROLE_STATE:
        return MEMORY_OPTIMIZER;
    default:
        return MEMORY_ACTIVATIONS;
    }
}

void program_bytes(const Program *program, int64_t bytes[MEMORY_KINDS])
{
    memset(bytes, 0, MEMORY_KINDS * sizeof *bytes);
    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];

        bytes[memory_kind(value)] += value_count(value) * (format_table[value->format].bits / 8);
    }
}
