/* Shapes of what works on places, convolutions and pools, of layernorm, dropout and add. */
#include "program/verify.h"

/* Pictures (n, c, h, w), kernels (o, c, k, k), and the places where they fit: (n, o, oh, ow). */
static Status check_sliding(const Program *program, const Instr *instr, ValueId x_id, ValueId w_id,
                            ValueId out_id)
{
    const Value *v = program->values, *x = &v[x_id], *w = &v[w_id], *out = &v[out_id];
    int64_t stride = (int64_t)instr->constants[CONV_STRIDE];
    int64_t pad = (int64_t)instr->constants[CONV_PAD];

    TRY(verify_formats_meet(program, instr));
    TRY(verify_need(x->rank == 4 && w->rank == 4 && x->shape[1] == w->shape[1] &&
                        w->shape[2] == w->shape[3] && stride >= 1 && pad >= 0,
                    program, instr, x_id, w_id));
    TRY(verify_need(out->rank == 4 && out->shape[0] == x->shape[0] && out->shape[1] == w->shape[0],
                    program, instr, w_id, out_id));
    for (int i = 2; i < 4; i++) {
        int64_t room = x->shape[i] + 2 * pad - w->shape[2];

        TRY(verify_need(room >= 0 && out->shape[i] == room / stride + 1, program, instr, x_id,
                        out_id));
    }
    return ok();
}

Status verify_conv2d(const Program *program, const Instr *instr)
{
    TRY(verify_bias_format(program, instr));
    TRY(check_sliding(program, instr, instr->in[0], instr->in[1], instr->out));
    return verify_need(value_count(&program->values[instr->in[2]]) ==
                           program->values[instr->in[1]].shape[0],
                       program, instr, instr->in[1], instr->in[2]);
}

Status verify_conv2d_dx(const Program *program, const Instr *instr)
{
    return check_sliding(program, instr, instr->out, instr->in[1], instr->in[0]);
}

Status verify_conv2d_dw(const Program *program, const Instr *instr)
{
    return check_sliding(program, instr, instr->in[1], instr->out, instr->in[0]);
}

Status verify_conv2d_db(const Program *program, const Instr *instr)
{
    const Value *dout = &program->values[instr->in[0]], *db = &program->values[instr->out];

    return verify_need(dout->rank == 4 && value_count(db) == dout->shape[1], program, instr,
                       instr->in[0], instr->out);
}

/* Pictures (n, c, h, w) and their windows (n, c, h / side, w / side). */
static Status check_windows(const Program *program, const Instr *instr, ValueId in, ValueId out)
{
    const Value *x = &program->values[in], *y = &program->values[out];
    int64_t side = (int64_t)instr->constants[POOL_SIDE];

    return verify_need(x->rank == 4 && y->rank == 4 && side >= 1 && y->shape[0] == x->shape[0] &&
                           y->shape[1] == x->shape[1] && y->shape[2] == x->shape[2] / side &&
                           y->shape[3] == x->shape[3] / side && y->shape[2] > 0 && y->shape[3] > 0,
                       program, instr, in, out);
}

Status verify_pool(const Program *program, const Instr *instr)
{
    return check_windows(program, instr, instr->in[0], instr->out);
}

Status verify_pool_backward(const Program *program, const Instr *instr)
{
    if (op_table[instr->op].inputs > 1)
        TRY(verify_need_same(program, instr, instr->in[1], instr->out));
    return check_windows(program, instr, instr->out, instr->in[0]);
}

Status verify_need_rows(const Program *program, const Instr *instr, ValueId a, ValueId b)
{
    const Value *x = &program->values[a], *y = &program->values[b];

    return verify_need(value_rows(x) == value_rows(y) && value_cols(x) == value_cols(y), program,
                       instr, a, b);
}

/* A number for each of a row. */
static Status need_for_row(const Program *program, const Instr *instr, ValueId row, ValueId each)
{
    return verify_need(value_count(&program->values[each]) == value_cols(&program->values[row]),
                       program, instr, row, each);
}

Status verify_layernorm(const Program *program, const Instr *instr)
{
    TRY(verify_need_rows(program, instr, instr->in[0], instr->out));
    TRY(need_for_row(program, instr, instr->in[0], instr->in[1]));
    return need_for_row(program, instr, instr->in[0], instr->in[2]);
}

Status verify_layernorm_dx(const Program *program, const Instr *instr)
{
    TRY(verify_need_rows(program, instr, instr->in[0], instr->in[1]));
    TRY(verify_need_rows(program, instr, instr->in[1], instr->out));
    return need_for_row(program, instr, instr->in[1], instr->in[2]);
}

Status verify_layernorm_dw(const Program *program, const Instr *instr)
{
    TRY(verify_need_rows(program, instr, instr->in[0], instr->in[1]));
    return need_for_row(program, instr, instr->in[1], instr->out);
}

Status verify_dropout(const Program *program, const Instr *instr)
{
    double rate = instr->constants[DROPOUT_RATE];

    if (!(rate >= 0.0 && rate < 1.0))
        return fail(STATUS_SHAPE, "%s of %s drops a share from 0 to less than 1, not %g",
                    op_table[instr->op].name, program->values[instr->in[0]].name, rate);
    return verify_need_same(program, instr, instr->in[0], instr->out);
}

Status verify_add(const Program *program, const Instr *instr)
{
    TRY(verify_need_rows(program, instr, instr->in[0], instr->in[1]));
    return verify_need_rows(program, instr, instr->in[0], instr->out);
}
