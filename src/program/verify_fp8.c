/* What makes casts to fp8, and products of them, right. */
#include "program/verify.h"

static bool is_scale(const Program *program, ValueId id)
{
    return id != NO_VALUE && program->values[id].role == ROLE_SCALAR &&
           value_count(&program->values[id]) == FP8_NUMBERS;
}

/* As tensor cores have it: not both e5m2, a scale for each, and the result is no fp8 itself. */
Status verify_fp8_product(const Program *program, const Instr *instr)
{
    const Value *a = &program->values[instr->in[0]], *b = &program->values[instr->in[1]];
    const Value *out = &program->values[instr->out];

    if (a->format == FORMAT_E5M2 && b->format == FORMAT_E5M2)
        return fail(STATUS_SHAPE,
                    "%s cannot multiply %s by %s: no GPU has products of e5m2 by e5m2",
                    op_table[instr->op].name, a->name, b->name);
    if (out->format != FORMAT_BF16)
        return fail(STATUS_SHAPE,
                    "%s stores %s in %s; products of fp8 operands give "
                    "bf16",
                    op_table[instr->op].name, out->name, format_name(out->format));
    for (int i = 0; i < 2; i++)
        if (!is_scale(program, instr->in[PRODUCT_SCALES + i]))
            return fail(STATUS_SHAPE, "%s lacks the scale that %s was cast with",
                        op_table[instr->op].name, program->values[instr->in[i]].name);
    return ok();
}

/* A tensor, its history, and three numbers. */
Status verify_fp8_scale(const Program *program, const Instr *instr)
{
    const Value *history = &program->values[instr->in[1]];
    int how = (int)instr->constants[FP8_HOW];

    if (history->role != ROLE_HISTORY || history->format != FORMAT_FP32 ||
        value_count(history) < 2 || value_count(history) > FP8_MOST_HISTORY + 1)
        return fail(STATUS_SHAPE, "%s reads %s, which is no history of 1 to %d steps",
                    op_table[instr->op].name, history->name, FP8_MOST_HISTORY);
    if (how < 0 || how >= FP8_SCALINGS || !format_is_fp8((Format)instr->constants[FP8_FORMAT]))
        return fail(STATUS_SHAPE, "%s of %s has no way to scale", op_table[instr->op].name,
                    program->values[instr->in[0]].name);
    return verify_need(is_scale(program, instr->out), program, instr, instr->in[0], instr->out);
}

Status verify_cast_fp8(const Program *program, const Instr *instr)
{
    const Value *out = &program->values[instr->out];

    if (!format_is_fp8(out->format))
        return fail(STATUS_SHAPE, "%s casts %s to %s; it is for e4m3 and e5m2",
                    op_table[instr->op].name, program->values[instr->in[0]].name,
                    format_name(out->format));
    TRY(verify_need(is_scale(program, instr->in[1]), program, instr, instr->in[0], instr->in[1]));
    return verify_need_same(program, instr, instr->in[0], instr->out);
}

Status verify_fp8_history(const Program *program, const Instr *instr)
{
    return verify_need(program->values[instr->in[0]].role == ROLE_HISTORY &&
                           is_scale(program, instr->in[1]),
                       program, instr, instr->in[0], instr->in[1]);
}
