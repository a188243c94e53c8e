/* Shapes of what works on sequences (batch, time, width). */
#include "program/verify.h"

/* A row of `width` numbers for each of the characters. */
static Status check_taken(const Program *program, const Instr *instr, ValueId ids, ValueId rows)
{
    const Value *from = &program->values[ids], *to = &program->values[rows];

    TRY(verify_need(from->format == FORMAT_FP32, program, instr, ids, rows));
    return verify_need(to->rank == from->rank + 1 && value_rows(to) == value_count(from), program,
                       instr, ids, rows);
}

/* out (n, t, w) = W[ids], ids (n, t), W (characters, w) */
Status verify_embedding(const Program *program, const Instr *instr)
{
    const Value *w = &program->values[instr->in[1]], *out = &program->values[instr->out];

    TRY(check_taken(program, instr, instr->in[0], instr->out));
    return verify_need(w->rank == 2 && w->shape[1] == value_cols(out) && w->format == out->format,
                       program, instr, instr->in[1], instr->out);
}

Status verify_embedding_dw(const Program *program, const Instr *instr)
{
    const Value *dout = &program->values[instr->in[0]], *dw = &program->values[instr->out];

    TRY(check_taken(program, instr, instr->in[1], instr->in[0]));
    return verify_need(dw->rank == 2 && dw->shape[1] == value_cols(dout), program, instr,
                       instr->in[0], instr->out);
}

/* A row for each place: (t, w) of (n, t, w). */
static Status check_places(const Program *program, const Instr *instr, ValueId sequence,
                           ValueId weight)
{
    const Value *x = &program->values[sequence], *w = &program->values[weight];

    return verify_need(x->rank == 3 && w->rank == 2 && w->shape[0] == x->shape[1] &&
                           w->shape[1] == x->shape[2],
                       program, instr, sequence, weight);
}

Status verify_position(const Program *program, const Instr *instr)
{
    TRY(check_places(program, instr, instr->in[0], instr->in[1]));
    return verify_need_same(program, instr, instr->in[0], instr->out);
}

Status verify_position_dw(const Program *program, const Instr *instr)
{
    return check_places(program, instr, instr->in[0], instr->out);
}
