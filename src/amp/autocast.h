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

#include "amp/policy.h"

/* The format of the result, for an input in `arrives`; of what is kept or forced (amp/policy.h), as
 * that has it. */
Format autocast_format(const Builder *builder, OpClass class, Format arrives);

/* What products give under autocast in `low`. */
Format autocast_result(Format low);

/* What forced operations round to at every step; FORMAT_FP32: what is emitted now is not forced. */
Format autocast_forced(const Builder *builder);

/* `value` as an operand of a product, in the low format (of a kept one, in fp32): itself where it is in
 * it already, else the copy that a cast makes. As PyTorch's cache has it, a value is cast once a step however often it is
 * used. */
ValueId autocast_low(Builder *builder, ValueId value);

/* The same for what is added to a product, a bias: in the format of the product's result. */
ValueId autocast_addend(Builder *builder, ValueId value);

#endif
