/* Which format an operation runs in, and the casts that bring its operands there.
 *
 * Source: aten/src/ATen/autocast_mode.h, the CUDA lists: products run in the low format, losses in
 * fp32, everything else in the format its input arrives in.
 *
 * fp8 is TransformerEngine's recipe: operands of products are cast to e4m3, gradients to e5m2, each cast
 * with a scale of its own (program/fp8.h); products give bf16, and so do the gradients of weights; all
 * else is as under autocast bf16, so that no loss scale is needed.
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

/* A format that autocast is typed with: fp8 is e4m3, and gradients in Fp8Spec.backward. Fails:
 * STATUS_USAGE. */
Status autocast_parse(const char *name, Format *low) MUST_CHECK;

/* What products give under autocast in `low`. */
Format autocast_result(Format low);

/* What forced operations round to at every step; FORMAT_FP32: what is emitted now is not forced. */
Format autocast_forced(const Builder *builder);

/* `value` as an operand of a product, in the low format (of a kept one, in fp32): itself where it is in
 * it already, else the copy that a cast makes. As PyTorch's cache has it, a value is cast once a step however often it is
 * used. */
ValueId autocast_low(Builder *builder, ValueId value);

/* The same for a product of activations with each other, as attention's are: fp8 leaves them in the format of
 * its results, as TransformerEngine does unless told. */
ValueId autocast_inner(Builder *builder, ValueId value);

/* `value` in this format: itself, or the copy that a cast makes, once. */
ValueId autocast_to(Builder *builder, ValueId value, Format format);

/* The same for what is added to a product, a bias: in the format of the product's result. */
ValueId autocast_addend(Builder *builder, ValueId value);

#endif
