/* Shapes of what attention is made of (program.h, Heads). */
#include "program/verify.h"

/* A row of numbers that the heads divide among them, and a value with `times` as many. */
static Status need_rows(const Program *program, const Instr *instr, ValueId row_id, ValueId id,
                        int64_t times)
{
    const Value *row = &program->values[row_id], *value = &program->values[id];
    int64_t heads = (int64_t)instr->constants[ATTENTION_HEADS];

    if (row->rank == 3 && (heads < 1 || row->shape[2] % heads != 0))
        return fail(STATUS_SHAPE, "%s cannot divide the %lld numbers of %s among %lld heads",
                    op_table[instr->op].name, (long long)row->shape[2], row->name,
                    (long long)heads);
    return verify_need(row->rank == 3 && value->rank == 3 && value->shape[0] == row->shape[0] &&
                           value->shape[1] == row->shape[1] &&
                           value->shape[2] == times * row->shape[2],
                       program, instr, row_id, id);
}

static Status need_square(const Program *program, const Instr *instr, ValueId row_id, ValueId id)
{
    const Value *row = &program->values[row_id], *square = &program->values[id];

    return verify_need(square->rank == 4 && square->shape[0] == row->shape[0] &&
                           square->shape[1] == (int64_t)instr->constants[ATTENTION_HEADS] &&
                           square->shape[2] == row->shape[1] && square->shape[3] == row->shape[1],
                       program, instr, row_id, id);
}

Status verify_attention_query(const Program *program, const Instr *instr)
{
    return need_rows(program, instr, instr->out, instr->in[0], 3);
}

Status verify_attention_join(const Program *program, const Instr *instr)
{
    TRY(need_rows(program, instr, instr->in[0], instr->out, 3));
    TRY(verify_need_same(program, instr, instr->in[0], instr->in[1]));
    return verify_need_same(program, instr, instr->in[0], instr->in[2]);
}

Status verify_attention_square(const Program *program, const Instr *instr)
{
    TRY(verify_formats_meet(program, instr));
    TRY(need_rows(program, instr, instr->in[0], instr->in[1], 3));
    return need_square(program, instr, instr->in[0], instr->out);
}

Status verify_attention_row(const Program *program, const Instr *instr)
{
    TRY(verify_formats_meet(program, instr));
    TRY(need_rows(program, instr, instr->out, instr->in[1], 3));
    return need_square(program, instr, instr->out, instr->in[0]);
}

Status verify_attention_turned(const Program *program, const Instr *instr)
{
    TRY(verify_formats_meet(program, instr));
    TRY(need_rows(program, instr, instr->out, instr->in[1], 1));
    return need_square(program, instr, instr->out, instr->in[0]);
}

/* Forward and backward look at squares alone. */
Status verify_causal_softmax(const Program *program, const Instr *instr)
{
    const Value *out = &program->values[instr->out];

    for (int i = 0; i < op_table[instr->op].inputs; i++)
        TRY(verify_need_same(program, instr, instr->in[i], instr->out));
    return verify_need(out->rank == 4 && out->shape[2] == out->shape[3], program, instr,
                       instr->in[0], instr->out);
}
