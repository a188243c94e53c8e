/* fp8 in a program: a cast multiplies by a scale of its own, and the product divides it out again.
 *
 * Three instructions carry it. fp8_scale looks at a tensor and its history, and writes the scale that
 * the cast takes; cast_fp8 rounds tensor times scale, and clamps beyond the largest value, so that an
 * infinity becomes that value too (a nan stays); fp8_history, in the phase update, puts what was seen
 * into the history, whether the step was skipped or not, for TransformerEngine knows of no skip. Until
 * then a step leaves no trace.
 *
 *   none     scale = 1
 *   current  scale = max / amax of the tensor itself; 1 where amax is 0 or infinite
 *   delayed  scale = max 2^-margin / the largest amax of the history; where that is 0 or infinite, the
 *            scale before, and at the very first 1
 *
 * max: 448 for e4m3, 57344 for e5m2. A scale that would be infinite is the largest float. amax is over
 * all values but nan, infinities too. A step of several micro-batches is one entry: the largest of them.
 * Source: TransformerEngine, transformer_engine/common/recipe/delayed_scaling.cu and current_scaling.cu.
 */
#ifndef PROGRAM_FP8_H
#define PROGRAM_FP8_H

#include "numerics/format.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum Fp8Scaling {
    FP8_SCALING_NONE,
    FP8_SCALING_CURRENT,
    FP8_SCALING_DELAYED,
    FP8_SCALINGS,
} Fp8Scaling;

extern const char *const fp8_scaling_names[]; /* as typed, by Fp8Scaling; ends in NULL */

/* What is beside the format itself, which is e4m3 for activations and weights. */
typedef struct Fp8Spec {
    int64_t history; /* steps whose amax is remembered */
    int64_t margin;  /* delayed: powers of two left above amax */
    Fp8Scaling scaling;
    Format backward; /* of gradients: e5m2, or e4m3 */
} Fp8Spec;

enum { FP8_MOST_HISTORY = 1024, FP8_MOST_MARGIN = 16 };

/* Places in the value that fp8_scale writes. */
enum { FP8_SCALE, FP8_INVERSE, FP8_AMAX, FP8_NUMBERS };

/* Places in a history: the scale of the last step, 0 before the first; then its amax, and those of the
 * steps before it. */
enum { FP8_LAST_SCALE, FP8_LAST_AMAX };

/* Places in Instr.constants of fp8_scale: an Fp8Scaling; the margin; the Format of the cast. */
enum { FP8_HOW, FP8_MARGIN, FP8_FORMAT };

/* An fp8 format: 8 bits. */
static inline bool format_is_fp8(Format format)
{
    return format == FORMAT_E4M3 || format == FORMAT_E5M2;
}

#ifdef __cplusplus
}
#endif

#endif
