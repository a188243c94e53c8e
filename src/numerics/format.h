/* The floating-point formats of this program, each a row of one table.
 *
 * A value of any format is carried in a float, which holds every value of every format exactly; the
 * narrow bits themselves exist only where something is stored, shown or sent (numerics/bits.h).
 * Sources: IEEE 754-2019; OCP 8-bit Floating Point Specification 1.0; cuda_fp8.h.
 */
#ifndef NUMERICS_FORMAT_H
#define NUMERICS_FORMAT_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum Format {
    FORMAT_FP32,
    FORMAT_TF32,
    FORMAT_FP16,
    FORMAT_BF16,
    FORMAT_E4M3,
    FORMAT_E5M2,
    FORMAT_COUNT,
} Format;

typedef struct FormatInfo {
    const char *name;                 /* what the learner types: "fp16" */
    const char *title;                /* "half precision (IEEE binary16)" */
    int bits;                         /* of a value where it is stored: 32, 16 or 8 (tf32: 32) */
    int exponent_bits, mantissa_bits; /* mantissa without the hidden bit */
    int max_exponent;                 /* of the largest finite value: 15 for fp16 */
    int min_exponent;                 /* of the smallest normal: -14 for fp16 */
    int least_exponent;               /* of the smallest subnormal: -24 for fp16 */
    double max;                       /* largest finite value: 65504 */
    double overflow_from; /* the smallest float that rounds beyond max: 65520; infinity if none */
    double min_normal, min_subnormal;
    double zero_upto;   /* the largest magnitude that rounds to zero: 2^-25 (fp32: 0) */
    double normal_from; /* the smallest magnitude that rounds to a normal value */
    bool has_infinity;  /* e4m3 has none: it overflows to nan */
} FormatInfo;

extern const FormatInfo format_table[FORMAT_COUNT];

const char *format_name(Format format);

/* What a step that computes in it is called: "fp8" for the formats of 8 bits, of which it takes two. */
const char *format_step_name(Format format);

/* Fails: STATUS_USAGE for an unknown name, listing those there are. */
Status format_parse(const char *name, Format *format) MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
