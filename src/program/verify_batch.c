/* Shapes of batchnorm: examples (n, c, h, w) or (n, c), and a number for each channel. */
#include "program/verify.h"

/* A row is channels of as many places each. */
static Status need_each(const Program *program, const Instr *instr, ValueId x, ValueId each)
{
    int64_t channels = value_count(&program->values[each]);

    return verify_need(channels > 0 && value_cols(&program->values[x]) % channels == 0, program,
                       instr, x, each);
}

static Status need_all(const Program *program, const Instr *instr, ValueId x, int first)
{
    for (int i = first; i < op_table[instr->op].inputs; i++)
        TRY(need_each(program, instr, x, instr->in[i]));
    for (int i = first + 1; i < op_table[instr->op].inputs; i++)
        TRY(verify_need_same(program, instr, instr->in[first], instr->in[i]));
    return ok();
}

Status verify_batch_mean(const Program *program, const Instr *instr)
{
    return need_each(program, instr, instr->in[0], instr->out);
}

Status verify_batch_var(const Program *program, const Instr *instr)
{
    const Value *x = &program->values[instr->in[0]];

    TRY(verify_need_same(program, instr, instr->in[1], instr->out));
    TRY(need_each(program, instr, instr->in[0], instr->out));
    if (value_count(x) > value_count(&program->values[instr->out]))
        return ok();
    return fail(
        STATUS_SHAPE,
        "batchnorm takes the variance of each channel over the batch, and %s has one number "
        "of each; take batch 2 or more",
        x->name);
}

/* It moves what lasts and is no optimizer's. */
Status verify_running(const Program *program, const Instr *instr)
{
    if (program->values[instr->in[0]].role != ROLE_MASTER)
        return fail(STATUS_SHAPE, "running moves %s, which does not last from step to step",
                    program->values[instr->in[0]].name);
    return verify_need_same(program, instr, instr->in[0], instr->in[1]);
}

Status verify_batchnorm(const Program *program, const Instr *instr)
{
    TRY(verify_need_same(program, instr, instr->in[0], instr->out));
    return need_all(program, instr, instr->in[0], 1);
}

Status verify_batchnorm_dx(const Program *program, const Instr *instr)
{
    TRY(verify_need_rows(program, instr, instr->in[0], instr->in[1]));
    TRY(verify_need_same(program, instr, instr->in[1], instr->out));
    return need_all(program, instr, instr->in[1], 2);
}

Status verify_batchnorm_dw(const Program *program, const Instr *instr)
{
    TRY(verify_need_rows(program, instr, instr->in[0], instr->in[1]));
    TRY(verify_need_same(program, instr, instr->in[2], instr->out));
    return need_all(program, instr, instr->in[1], 2);
}
