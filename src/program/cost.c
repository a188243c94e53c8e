#include "program/cost.h"

#include <string.h>

/* Each place of a result takes a number of every tap of every kernel. */
static int64_t sliding_flops(const Sliding *s)
{
    return 2 * s->examples * sliding_places(s) * s->outputs * sliding_taps(s);
}

/* Each pair of times that is not masked takes a number of every one of a head. */
static int64_t heads_flops(const Heads *h)
{
    return 2 * h->examples * h->heads * (h->time * (h->time + 1) / 2) * h->width;
}

static int64_t flops_of(const Program *program, const Instr *instr)
{
    const Value *v = program->values;

    switch (instr->op) {
    case OP_LINEAR: /* (batch, in) (out, in) -> (batch, out) */
        return 2 * v[instr->in[1]].shape[1] * value_count(&v[instr->out]);
    case OP_LINEAR_DX: /* (batch, out) (out, in) -> (batch, in) */
        return 2 * v[instr->in[1]].shape[0] * value_count(&v[instr->out]);
    case OP_LINEAR_DW: /* (batch, out) (batch, in) -> (out, in) */
        return 2 * value_rows(&v[instr->in[0]]) * value_count(&v[instr->out]);
    case OP_CONV2D:
    case OP_CONV2D_DX:
    case OP_CONV2D_DW: {
        Sliding sliding = instr_sliding(program, instr);

        return sliding_flops(&sliding);
    }
    case OP_ATTENTION_SCORES:
    case OP_ATTENTION_VALUES:
    case OP_ATTENTION_DPROBS:
    case OP_ATTENTION_DV:
    case OP_ATTENTION_DQ:
    case OP_ATTENTION_DK: {
        Heads heads = instr_heads(program, instr);

        return heads_flops(&heads);
    }
    default:
        return 0;
    }
}

int64_t program_flops(const Program *program)
{
    int64_t flops = 0;

    for (int i = 0; i < program->instr_count; i++)
        flops += flops_of(program, &program->instrs[i]);
    return flops * program_rounds(program);
}

MemoryKind memory_kind(const Value *value)
{
    switch (value->role) {
    case ROLE_MASTER:
        return MEMORY_WEIGHTS;
    case ROLE_COPY:
    case ROLE_HISTORY:
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
