/* What a step costs, as far as its program tells: operations, and bytes by kind. */
#ifndef PROGRAM_COST_H
#define PROGRAM_COST_H

#include "program/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Floating-point operations of the products: 2 m n k for each linear, linear_dx and linear_dw,
 * the same for conv2d and its gradients as products of matrices (m places, k taps), and for
 * those of attention what is not masked. */
int64_t program_flops(const Program *program);

/* What a value's bytes count as. */
MemoryKind memory_kind(const Value *value);

/* Bytes of all values by kind, each as wide as its format and kept by itself. A backend may take
 * fewer (it reuses a place, or never stores a value) or more. */
void program_bytes(const Program *program, int64_t bytes[MEMORY_KINDS]);

#ifdef __cplusplus
}
#endif

#endif
