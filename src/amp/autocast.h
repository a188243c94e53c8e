/* Which format an operation runs in, and the casts that bring its operands there.
 *
 * Source: aten/src/ATen/autocast_mode.h, the CUDA lists: products run in the low format, losses in
 * fp32, everything else in the format its input arrives in.
 *
 * tf32 is a format of operands only, as in cuBLAS with CUBLAS_COMPUTE_32F_FAST_TF32: what goes into
 * a product is rounded to it, to nearest even, and all that comes out is fp32.
 */
#ifndef AMP_AUTOCAST_H
#define AMP_AUTOCAST_H

#include "program/builder.h"

typedef enum OpClass {
    OP_CLASS_PRODUCT, /* linear: operands are cast to the low format */
    OP_CLASS_INPUT,   /* relu, gelu, tanh: as the input arrives */
    OP_CLASS_FP32,    /* losses, layernorm: reads are widened, which is exact */
} OpClass;

/* The format of the result, for an input in `arrives`. */
Format autocast_format(const Builder *builder, OpClass class, Format arrives);

/* `value` as an operand of a product, in the low format: itself where it is in it already, else the
 * copy that a cast makes. As PyTorch's cache has it, a value is cast once a step however often it is
 * used. */
ValueId autocast_low(Builder *builder, ValueId value);

/* `value` in this format: itself, or the copy that a cast makes, once. */
ValueId autocast_to(Builder *builder, ValueId value, Format format);

/* The same for what is added to a product, a bias: in the format of the product's result. */
ValueId autocast_addend(Builder *builder, ValueId value);

#endif
