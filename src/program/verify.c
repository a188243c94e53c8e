/* What makes a program right, checked once before it runs, in the learner's words. */
#include "program/verify.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPE_TEXT = 64 };

static const char *shape_text(const Value *value, char text[SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT, "(");

    for (int i = 0; i < value->rank && used < SHAPE_TEXT; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "%s%lld", i == 0 ? "" : ", ",
                                 (long long)value->shape[i]);
    if (used < SHAPE_TEXT)
        snprintf(text + used, SHAPE_TEXT - used, ")");
    return text;
}

Status verify_need(bool holds, const Program *program, const Instr *instr, ValueId a, ValueId b)
{
    char a_shape[SHAPE_TEXT], b_shape[SHAPE_TEXT];

    if (holds)
        return ok();
    return fail(STATUS_SHAPE, "%s cannot join %s %s with %s %s", op_table[instr->op].name,
                program->values[a].name, shape_text(&program->values[a], a_shape),
                program->values[b].name, shape_text(&program->values[b], b_shape));
}

static bool same_shape(const Program *program, ValueId a, ValueId b)
{
    const Value *x = &program->values[a], *y = &program->values[b];

    return x->rank == y->rank &&
           memcmp(x->shape, y->shape, (size_t)x->rank * sizeof *x->shape) == 0;
}

Status verify_need_same(const Program *program, const Instr *instr, ValueId a, ValueId b)
{
    return verify_need(same_shape(program, a, b), program, instr, a, b);
}

/* Elementwise: every operand and the result have one shape. */
static Status check_same(const Program *program, const Instr *instr)
{
    for (int i = 0; i < op_table[instr->op].inputs; i++)
        TRY(verify_need_same(program, instr, instr->in[i],
                             instr->out != NO_VALUE ? instr->out : instr->in[0]));
    return ok();
}

Status verify_formats_meet(const Program *program, const Instr *instr)
{
    const Value *a = &program->values[instr->in[0]], *b = &program->values[instr->in[1]];

    const Value *out = &program->values[instr->out];

    if (format_is_fp8(a->format) && format_is_fp8(b->format))
        return verify_fp8_product(program, instr);
    if (a->format != b->format)
        return fail(STATUS_SHAPE,
                    "%s cannot multiply %s in %s by %s in %s; both must be cast to one format",
                    op_table[instr->op].name, a->name, format_name(a->format), b->name,
                    format_name(b->format));
    if (a->format == FORMAT_TF32 && out->format != FORMAT_FP32)
        return fail(STATUS_SHAPE, "%s stores %s in %s; products of tf32 operands give fp32",
                    op_table[instr->op].name, out->name, format_name(out->format));
    return ok();
}

Status verify_bias_format(const Program *program, const Instr *instr)
{
    const Value *bias = &program->values[instr->in[2]], *out = &program->values[instr->out];

    if (bias->format == out->format)
        return ok();
    return fail(STATUS_SHAPE, "%s cannot add %s in %s to %s in %s; both must be in one format",
                op_table[instr->op].name, bias->name, format_name(bias->format), out->name,
                format_name(out->format));
}

/* out (n, o) = x (n, i) W (o, i)^T + b (o) */
static Status check_linear(const Program *program, const Instr *instr)
{
    const Value *v = program->values;
    const Value *x = &v[instr->in[0]], *w = &v[instr->in[1]], *b = &v[instr->in[2]];
    const Value *out = &v[instr->out];

    TRY(verify_formats_meet(program, instr));
    TRY(verify_bias_format(program, instr));
    TRY(verify_need(value_cols(x) == value_cols(w), program, instr, instr->in[0], instr->in[1]));
    TRY(verify_need(value_count(b) == w->shape[0], program, instr, instr->in[1], instr->in[2]));
    return verify_need(value_rows(out) == value_rows(x) && value_cols(out) == w->shape[0], program,
                       instr, instr->in[1], instr->out);
}

/* dx (n, i) = dout (n, o) W (o, i) */
static Status check_linear_dx(const Program *program, const Instr *instr)
{
    const Value *v = program->values;
    const Value *dout = &v[instr->in[0]], *w = &v[instr->in[1]], *dx = &v[instr->out];

    TRY(verify_formats_meet(program, instr));
    TRY(verify_need(value_cols(dout) == w->shape[0], program, instr, instr->in[0], instr->in[1]));
    return verify_need(value_rows(dx) == value_rows(dout) && value_cols(dx) == value_cols(w),
                       program, instr, instr->in[1], instr->out);
}

/* dW (o, i) = dout (n, o)^T x (n, i) */
static Status check_linear_dw(const Program *program, const Instr *instr)
{
    const Value *v = program->values;
    const Value *dout = &v[instr->in[0]], *x = &v[instr->in[1]], *dw = &v[instr->out];

    TRY(verify_formats_meet(program, instr));
    TRY(verify_need(value_rows(dout) == value_rows(x), program, instr, instr->in[0], instr->in[1]));
    return verify_need(dw->shape[0] == value_cols(dout) && value_cols(dw) == value_cols(x), program,
                       instr, instr->in[1], instr->out);
}

static Status check_linear_db(const Program *program, const Instr *instr)
{
    const Value *dout = &program->values[instr->in[0]], *db = &program->values[instr->out];

    return verify_need(value_count(db) == value_cols(dout), program, instr, instr->in[0],
                       instr->out);
}

static Status check_labels(const Program *program, const Instr *instr)
{
    const Value *logits = &program->values[instr->in[0]], *labels = &program->values[instr->in[1]];

    return verify_need(value_count(labels) == value_rows(logits), program, instr, instr->in[0],
                       instr->in[1]);
}

static Status check_labels_backward(const Program *program, const Instr *instr)
{
    TRY(check_labels(program, instr));
    return verify_need_same(program, instr, instr->in[0], instr->out);
}

/* Rows of equal length; the target may be flat where the input has a shape. */
static Status check_mse(const Program *program, const Instr *instr)
{
    const Value *x = &program->values[instr->in[0]], *target = &program->values[instr->in[1]];

    return verify_need(value_count(x) == value_count(target) && x->shape[0] == target->shape[0],
                       program, instr, instr->in[0], instr->in[1]);
}

static Status check_mse_backward(const Program *program, const Instr *instr)
{
    TRY(check_mse(program, instr));
    return verify_need_same(program, instr, instr->in[0], instr->out);
}

static bool can_last(Format format)
{
    return format == FORMAT_FP32 || format == FORMAT_FP16 || format == FORMAT_BF16;
}

/* kahan has a compensation like the weight, the others have none; only a low weight is rounded. */
static Status check_rounding(const Program *program, const Instr *instr)
{
    const Value *weight = &program->values[instr->in[STEP_WEIGHT]];
    WeightRounding rounding = (WeightRounding)instr->constants[CONSTANT_ROUNDING];
    ValueId compensation = instr->in[STEP_COMPENSATION];

    if ((rounding == ROUNDING_KAHAN) != (compensation != NO_VALUE))
        return fail(STATUS_SHAPE, "%s of %s: a compensation belongs to kahan, and to kahan alone",
                    op_table[instr->op].name, weight->name);
    if (rounding != ROUNDING_NEAREST && weight->format == FORMAT_FP32)
        return fail(STATUS_SHAPE, "%s stores %s in fp32, where nothing is rounded as %s",
                    op_table[instr->op].name, weight->name, weight_rounding_names[rounding]);
    if (compensation == NO_VALUE)
        return ok();
    TRY(verify_need_same(program, instr, instr->in[STEP_WEIGHT], compensation));
    if (program->values[compensation].format != weight->format)
        return fail(STATUS_SHAPE, "%s keeps %s in %s; it must be in the weight's %s",
                    op_table[instr->op].name, program->values[compensation].name,
                    format_name(program->values[compensation].format), format_name(weight->format));
    return ok();
}

static Status check_optimizer(const Program *program, const Instr *instr)
{
    for (int i = 0; i < op_table[instr->op].inputs; i++) {
        const Value *value = &program->values[instr->in[i]];

        TRY(verify_need_same(program, instr, instr->in[STEP_WEIGHT], instr->in[i]));
        if (i != STEP_GRAD && !can_last(value->format))
            return fail(STATUS_SHAPE,
                        "%s updates %s in %s; weights and state are kept in fp32, fp16 or bf16",
                        op_table[instr->op].name, value->name, format_name(value->format));
    }
    if (program->values[instr->in[STEP_WEIGHT]].role != ROLE_MASTER)
        return fail(STATUS_SHAPE, "%s updates %s, which is no master weight",
                    op_table[instr->op].name, program->values[instr->in[STEP_WEIGHT]].name);
    return check_rounding(program, instr);
}

/* The sum is fp32, as PyTorch's .grad of an fp32 parameter. */
static Status check_accumulate(const Program *program, const Instr *instr)
{
    const Value *sum = &program->values[instr->out];

    if (sum->format != FORMAT_FP32)
        return fail(STATUS_SHAPE, "%s adds up %s in %s; sums of gradients are kept in fp32",
                    op_table[instr->op].name, sum->name, format_name(sum->format));
    return check_same(program, instr);
}

static Status check_nothing(const Program *program, const Instr *instr)
{
    (void)program, (void)instr;
    return ok();
}

static Check *const checks[OP_COUNT] = {
    [OP_CAST] = check_same,
    [OP_FP8_SCALE] = verify_fp8_scale,
    [OP_CAST_FP8] = verify_cast_fp8,
    [OP_FP8_HISTORY] = verify_fp8_history,
    [OP_GATHER] = check_nothing,
    [OP_LINEAR] = check_linear,
    [OP_LINEAR_DX] = check_linear_dx,
    [OP_LINEAR_DW] = check_linear_dw,
    [OP_LINEAR_DB] = check_linear_db,
    [OP_CONV2D] = verify_conv2d,
    [OP_CONV2D_DX] = verify_conv2d_dx,
    [OP_CONV2D_DW] = verify_conv2d_dw,
    [OP_CONV2D_DB] = verify_conv2d_db,
    [OP_MAXPOOL] = verify_pool,
    [OP_MAXPOOL_BACKWARD] = verify_pool_backward,
    [OP_AVGPOOL] = verify_pool,
    [OP_AVGPOOL_BACKWARD] = verify_pool_backward,
    [OP_EMBEDDING] = verify_embedding,
    [OP_EMBEDDING_DW] = verify_embedding_dw,
    [OP_POSITION] = verify_position,
    [OP_POSITION_DW] = verify_position_dw,
    [OP_LAYERNORM] = verify_layernorm,
    [OP_LAYERNORM_DX] = verify_layernorm_dx,
    [OP_LAYERNORM_DW] = verify_layernorm_dw,
    [OP_ATTENTION_QUERY] = verify_attention_query,
    [OP_ATTENTION_SCORES] = verify_attention_square,
    [OP_CAUSAL_SOFTMAX] = verify_causal_softmax,
    [OP_ATTENTION_VALUES] = verify_attention_row,
    [OP_ATTENTION_DPROBS] = verify_attention_square,
    [OP_ATTENTION_DV] = verify_attention_turned,
    [OP_CAUSAL_SOFTMAX_BACKWARD] = verify_causal_softmax,
    [OP_ATTENTION_DQ] = verify_attention_row,
    [OP_ATTENTION_DK] = verify_attention_turned,
    [OP_ATTENTION_JOIN] = verify_attention_join,
    [OP_BATCH_MEAN] = verify_batch_mean,
    [OP_BATCH_VAR] = verify_batch_var,
    [OP_RUNNING] = verify_running,
    [OP_BATCHNORM] = verify_batchnorm,
    [OP_BATCHNORM_DX] = verify_batchnorm_dx,
    [OP_BATCHNORM_DW] = verify_batchnorm_dw,
    [OP_ADD] = verify_add,
    [OP_DROPOUT] = verify_dropout,
    [OP_RELU] = check_same,
    [OP_RELU_BACKWARD] = check_same,
    [OP_GELU] = check_same,
    [OP_GELU_BACKWARD] = check_same,
    [OP_TANH] = check_same,
    [OP_TANH_BACKWARD] = check_same,
    [OP_LOG_SOFTMAX] = check_same,
    [OP_LOG_SOFTMAX_BACKWARD] = check_same,
    [OP_NLL] = check_labels,
    [OP_NLL_BACKWARD] = check_labels_backward,
    [OP_MSE] = check_mse,
    [OP_MSE_BACKWARD] = check_mse_backward,
    [OP_CORRECT] = check_labels,
    [OP_SCALE] = check_same,
    [OP_ACCUMULATE] = check_accumulate,
    [OP_UNSCALE] = check_nothing,
    [OP_CLIP_NORM] = check_nothing,
    [OP_CLIP_VALUE] = check_nothing,
    [OP_SGD] = check_optimizer,
    [OP_MOMENTUM] = check_optimizer,
    [OP_ADAM] = check_optimizer,
    [OP_ADAMW] = check_optimizer,
    [OP_UPDATE] = check_nothing,
};

static Status check_inputs(const Program *program, const Instr *instr, const bool *written)
{
    const OpInfo *info = &op_table[instr->op];

    for (int i = 0; i < info->inputs; i++) {
        ValueId id = instr->in[i];

        if (id < 0 || id >= program->value_count)
            return fail(STATUS_SHAPE, "%s lacks its operand %d", info->name, i + 1);
        if (!written[id] && !value_lasts(&program->values[id]))
            return fail(STATUS_SHAPE, "%s reads %s before anything has written it", info->name,
                        program->values[id].name);
    }
    for (int i = 0; i < 2 && op_is_product(instr->op); i++) {
        ValueId id = instr->in[PRODUCT_SCALES + i];

        if (id != NO_VALUE && (id < 0 || id >= program->value_count || !written[id]))
            return fail(STATUS_SHAPE, "%s reads a scale before anything has written it",
                        info->name);
    }
    return ok();
}

static Status check_operands(const Program *program, const Instr *instr, const bool *written)
{
    const OpInfo *info = &op_table[instr->op];

    TRY(check_inputs(program, instr, written));
    if (info->outputs > 0 && (instr->out < 0 || instr->out >= program->value_count))
        return fail(STATUS_SHAPE, "%s has no result", info->name);
    if (instr->out != NO_VALUE &&
        (written[instr->out] || value_lasts(&program->values[instr->out])))
        return fail(STATUS_SHAPE, "%s writes %s, which is written already", info->name,
                    program->values[instr->out].name);
    return ok();
}

/* tf32 and fp8 are no formats to keep results in: casts write them and products read them. */
static Status check_operands_alone(const Program *program, const Instr *instr)
{
    bool product = op_is_product(instr->op);
    Format out = instr->out == NO_VALUE ? FORMAT_FP32 : program->values[instr->out].format;

    if (out == FORMAT_TF32 && instr->op != OP_CAST)
        return fail(STATUS_SHAPE, "%s stores %s in tf32, which only a cast does; store fp32",
                    op_table[instr->op].name, program->values[instr->out].name);
    if (format_is_fp8(out) && instr->op != OP_CAST_FP8)
        return fail(STATUS_SHAPE, "%s stores %s in %s, which only cast_fp8 does; store bf16",
                    op_table[instr->op].name, program->values[instr->out].name, format_name(out));
    for (int i = 0; i < op_table[instr->op].inputs && !product; i++) {
        const Value *in = &program->values[instr->in[i]];

        if (in->format == FORMAT_TF32 || (format_is_fp8(in->format) && !value_lasts(in)))
            return fail(STATUS_SHAPE, "%s reads %s in %s, which only products do; read %s",
                        op_table[instr->op].name, in->name, format_name(in->format),
                        in->format == FORMAT_TF32 ? "the fp32" : "what was cast");
    }
    return ok();
}

/* The gradients are unscaled before they are clipped, but for who wants to see the mistake. */
static bool is_behind(Phase phase, Phase before)
{
    return phase < before && !(phase == PHASE_UNSCALE && before == PHASE_CLIP);
}

static Status check_instr(const Program *program, int i, bool *written)
{
    const Instr *instr = &program->instrs[i];

    if (i > 0 && is_behind(instr->phase, program->instrs[i - 1].phase))
        return fail(STATUS_SHAPE, "%s of phase %s comes after phase %s", op_table[instr->op].name,
                    phase_names[instr->phase], phase_names[program->instrs[i - 1].phase]);
    TRY(check_operands(program, instr, written));
    TRY(check_operands_alone(program, instr));
    TRY(checks[instr->op](program, instr));
    if (instr->out != NO_VALUE)
        written[instr->out] = true;
    return ok();
}

Status program_verify(const Program *program)
{
    bool *written = xcalloc((size_t)program->value_count + 1, sizeof *written);
    Status status = ok();

    for (int i = 0; i < program->instr_count && !failed(status); i++)
        status = check_instr(program, i, written);
    free(written);
    return status;
}
