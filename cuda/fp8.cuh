/* fp8 on the device: where its numbers lie, and what its products are divided by; src/program/fp8.h.
 *
 * Tensor cores take 8-bit operands along k alone, and cuBLASLt wants every side a multiple of 16: a value
 * lies in rows padded with zeros to 16 by 16, and once more with rows and columns exchanged. Convolutions
 * have no such product here: what one reads is carried in bf16, which holds every fp8 number exactly, and
 * multiplied as bf16, whose products are exact and whose sums are fp32.
 */
#ifndef CUDA_FP8_CUH
#define CUDA_FP8_CUH

#include "plan.h"

/* Some value of the program is fp8. */
bool fp8_is_in(const Program *program);

/* Which values are carried in bf16: plan->carried. */
void fp8_carry(Plan *plan);

/* Room for every fp8 value that is not carried, with rows and columns exchanged; and for amax. Fails:
 * STATUS_UNSUPPORTED: the device has no products of fp8. */
Status fp8_lay(Plan *plan);

/* The product takes operands of 8 bits as they are. */
bool fp8_is_product(const Plan *plan, int instr);

/* Operand 0 or 1 of such a product, k along its rows. */
Array fp8_operand(const Plan *plan, int instr, int operand);

/* Multiplies the sums of a product by the inverses of both scales; nothing where there are none. */
Status fp8_descale(Plan *plan, int instr, float *sums, int64_t count);

/* A value was written from outside: its other copy follows. */
Status fp8_follow(Plan *plan, ValueId id);

#endif
