/* The stored bits of a format, and back: what lies in memory where a carrier float lies in ours. */
#ifndef NUMERICS_BITS_H
#define NUMERICS_BITS_H

#include "numerics/format.h"

/* The pattern of `value`, which must be a value of the format (round it first), right-aligned in
 * format_table[format].bits bits; a nan becomes the canonical quiet nan of the format, with its sign
 * (fp16 0x7E00, bf16 0x7FC0, e4m3 0x7F, e5m2 0x7F as cuda_fp8.h has it). tf32 is stored as fp32. */
uint32_t bits_of(Format format, float value);

/* The value of a pattern; every pattern has one. */
float bits_value(Format format, uint32_t bits);

/* Arrays of stored values: 1, 2 or 4 bytes each, little-endian as the machine. */
void bits_pack(Format format, const float *values, void *stored, int64_t count);
void bits_unpack(Format format, const void *stored, float *values, int64_t count);

#endif
