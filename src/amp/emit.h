/* The instructions that make a step an AMP step: sums over micro-batches and unscale before it,
 * update after it. */
#ifndef AMP_EMIT_H
#define AMP_EMIT_H

#include "program/builder.h"

/* Where a step has several rounds: one accumulate for each gradient, into a sum in fp32 that takes
 * its place for all that follows. PyTorch's .grad of an fp32 parameter, whatever its products are
 * in. */
void amp_emit_accumulate(Builder *builder);

/* One unscale for each gradient, in the order of the parameters: GradScaler.unscale_. */
void amp_emit_unscale(Builder *builder);

/* What fp8 casts saw, into their histories; then GradScaler.update. */
void amp_emit_update(Builder *builder);

#endif
