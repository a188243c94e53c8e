/* The instructions that make a step an AMP step: unscale before it, update after it. */
#ifndef AMP_EMIT_H
#define AMP_EMIT_H

#include "program/builder.h"

/* One unscale for each gradient, in the order of the parameters: GradScaler.unscale_. */
void amp_emit_unscale(Builder *builder);

/* GradScaler.update. */
void amp_emit_update(Builder *builder);

#endif
