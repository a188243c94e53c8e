/* What the rules of a right program share. Private to this folder: verify.c has the table of rules. */
#ifndef PROGRAM_VERIFY_H
#define PROGRAM_VERIFY_H

#include "program/program.h"

/* A rule of one op. Fails: STATUS_SHAPE in the learner's words. */
typedef Status Check(const Program *program, const Instr *instr);

/* Fails where it does not hold: "OP cannot join A (shape) with B (shape)". */
Status verify_need(bool holds, const Program *program, const Instr *instr, ValueId a,
                   ValueId b) MUST_CHECK;
Status verify_need_same(const Program *program, const Instr *instr, ValueId a,
                        ValueId b) MUST_CHECK;

/* Rows of equal length; flatten leaves the shape of what has one. */
Status verify_need_rows(const Program *program, const Instr *instr, ValueId a,
                        ValueId b) MUST_CHECK;

/* Of a product: both operands are in one format; the bias is in that of the result. */
Check verify_formats_meet, verify_bias_format;

/* verify_sequences.c */
Check verify_embedding, verify_embedding_dw, verify_position, verify_position_dw;

/* verify_places.c */
Check verify_conv2d, verify_conv2d_dx, verify_conv2d_dw, verify_conv2d_db;
Check verify_pool, verify_pool_backward;
Check verify_layernorm, verify_layernorm_dx, verify_layernorm_dw, verify_dropout, verify_add;

/* verify_attention.c */
Check verify_attention_query, verify_attention_join;
Check verify_attention_square; /* a square of two rows: scores, dprobs */
Check verify_attention_row;    /* a row of a square and rows: values, dq */
Check verify_attention_turned; /* the same of a square turned round: dk, dv */
Check verify_causal_softmax;

/* verify_batch.c */
Check verify_batch_mean, verify_batch_var, verify_running;
Check verify_batchnorm, verify_batchnorm_dx, verify_batchnorm_dw;

/* verify_fp8.c; verify_fp8_product: both operands are fp8 */
Check verify_fp8_product, verify_fp8_scale, verify_cast_fp8, verify_fp8_history;

#endif
