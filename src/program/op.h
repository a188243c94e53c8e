/* The instructions a step is made of, each a row of one list.
 *
 * A backend implements every row under the same name (src/cpu/relu.c has cpu_relu); adding one is a
 * word here, a row in program/op.c, a rule of shapes in program/verify.c and a file in each backend.
 */
#ifndef PROGRAM_OP_H
#define PROGRAM_OP_H

/* X(constant, name): the name is also what `show program` prints. */
#define OPS(X) \
    X(CAST, cast) \
    X(FP8_SCALE, fp8_scale) \
    X(CAST_FP8, cast_fp8) \
    X(FP8_HISTORY, fp8_history) \
    X(GATHER, gather) \
    X(LINEAR, linear) \
    X(LINEAR_DX, linear_dx) \
    X(LINEAR_DW, linear_dw) \
    X(LINEAR_DB, linear_db) \
    X(CONV2D, conv2d) \
    X(CONV2D_DX, conv2d_dx) \
    X(CONV2D_DW, conv2d_dw) \
    X(CONV2D_DB, conv2d_db) \
    X(MAXPOOL, maxpool) \
    X(MAXPOOL_BACKWARD, maxpool_backward) \
    X(AVGPOOL, avgpool) \
    X(AVGPOOL_BACKWARD, avgpool_backward) \
    X(EMBEDDING, embedding) \
    X(EMBEDDING_DW, embedding_dw) \
    X(POSITION, position) \
    X(POSITION_DW, position_dw) \
    X(LAYERNORM, layernorm) \
    X(LAYERNORM_DX, layernorm_dx) \
    X(LAYERNORM_DW, layernorm_dw) \
    X(ATTENTION_QUERY, attention_query) \
    X(ATTENTION_SCORES, attention_scores) \
    X(CAUSAL_SOFTMAX, causal_softmax) \
    X(ATTENTION_VALUES, attention_values) \
    X(ATTENTION_DPROBS, attention_dprobs) \
    X(ATTENTION_DV, attention_dv) \
    X(CAUSAL_SOFTMAX_BACKWARD, causal_softmax_backward) \
    X(ATTENTION_DQ, attention_dq) \
    X(ATTENTION_DK, attention_dk) \
    X(ATTENTION_JOIN, attention_join) \
    X(BATCH_MEAN, batch_mean) \
    X(BATCH_VAR, batch_var) \
    X(RUNNING, running) \
    X(BATCHNORM, batchnorm) \
    X(BATCHNORM_DX, batchnorm_dx) \
    X(BATCHNORM_DW, batchnorm_dw) \
    X(ADD, add) \
    X(DROPOUT, dropout) \
    X(RELU, relu) \
    X(RELU_BACKWARD, relu_backward) \
    X(GELU, gelu) \
    X(GELU_BACKWARD, gelu_backward) \
    X(TANH, tanh) \
    X(TANH_BACKWARD, tanh_backward) \
    X(LOG_SOFTMAX, log_softmax) \
    X(LOG_SOFTMAX_BACKWARD, log_softmax_backward) \
    X(NLL, nll) \
    X(NLL_BACKWARD, nll_backward) \
    X(MSE, mse) \
    X(MSE_BACKWARD, mse_backward) \
    X(CORRECT, correct) \
    X(SCALE, scale) \
    X(ACCUMULATE, accumulate) \
    X(UNSCALE, unscale) \
    X(CLIP_NORM, clip_norm) \
    X(CLIP_VALUE, clip_value) \
    X(SGD, sgd) \
    X(MOMENTUM, momentum) \
    X(ADAM, adam) \
    X(ADAMW, adamw) \
    X(UPDATE, update)

typedef enum OpKind {
#define OP_CONSTANT(constant, name) OP_##constant,
    OPS(OP_CONSTANT)
#undef OP_CONSTANT
        OP_COUNT,
} OpKind;

/* The parts of a step, in their order. */
typedef enum Phase {
    PHASE_CAST, /* low-precision copies of the weights */
    PHASE_FORWARD,
    PHASE_LOSS,
    PHASE_BACKWARD,
    PHASE_UNSCALE, /* is any gradient inf or nan? */
    PHASE_CLIP,    /* behind unscale; before it, where that mistake is made on purpose */
    PHASE_STEP,    /* the optimizer, unless found_inf */
    PHASE_UPDATE,  /* the loss scale */
    PHASE_COUNT,
} Phase;

typedef struct OpInfo {
    const char *name;
    const char *text; /* what it computes, one line */
    int inputs, outputs;
} OpInfo;

extern const OpInfo op_table[OP_COUNT];
extern const char *const phase_names[PHASE_COUNT];

#endif
