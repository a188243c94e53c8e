/* What the files of the program `ops` share: each tests a family of instructions on both backends. */
#ifndef TESTS_GPU_OPS_H
#define TESTS_GPU_OPS_H

#include "pair.h"
#include "values.h"

enum { LABEL_TEXT = 96 };

typedef struct Shape {
    int64_t rows, cols;
} Shape;

/* 1x1 to 1000x1030; widths that 8 and 16 do not divide; one row; rows without end in `count`. */
extern const Shape op_shapes[];
int op_shape_count(void); /* without the largest for a stand-in, which is slow */

/* What values are kept in: fp32, fp16, bf16. (tf32 is a format of products' operands alone.) */
enum { OP_FORMATS = 3 };
extern const Format op_formats[OP_FORMATS];

/* A few examples of one feature, for programs that gather nothing. */
extern const DataView op_no_data;

/* A master of this shape whose values stand in `format`: written in fp32, and cast. */
typedef struct Given {
    ValueId master, value;
} Given;

Given op_given(Builder *builder, Shape shape, Format format, const char *name);
Given op_given_of(Builder *builder, Format format, int rank, const int64_t *dims, const char *name);

void ops_elementwise(Pair *pair);
void ops_products(Pair *pair);
void ops_places(Pair *pair);     /* conv2d and its gradients, pools */
void ops_norm(Pair *pair);       /* layernorm and its gradients */
void ops_attention(Pair *pair);  /* its products, causal_softmax, and their gradients */
void ops_sequences(Pair *pair);  /* embedding and position, their gradients; windows of a text */
void ops_batch(Pair *pair);      /* batchnorm, its statistics and gradients */
void ops_low(Pair *pair);        /* log_softmax and layernorm, forced into a low format */
void ops_fp8(Pair *pair);        /* fp8_scale, cast_fp8, fp8_history, products of fp8 */
void ops_rows(Pair *pair);       /* log_softmax, nll, mse, gather, correct, scale */
void ops_optimizers(Pair *pair); /* unscale, sgd, momentum, adam, adamw, update */
void ops_clip(Pair *pair);       /* clip_norm, clip_value, accumulate; a scaler's mistakes */
void ops_access(Pair *pair);     /* value_write, value_read, store_write, store_read */

#endif
