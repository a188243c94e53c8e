/* How fp8 casts are scaled, as a learner sets it: `fp8 scaling delayed history=16 margin=0`.
 *
 * The rules themselves are in program/fp8.h. Source: TransformerEngine's DelayedScaling and
 * Float8CurrentScaling, whose Format.HYBRID is backward=e5m2.
 */
#ifndef AMP_FP8_H
#define AMP_FP8_H

#include "base/text.h"
#include "program/fp8.h"

/* delayed, history 16 (TransformerEngine: 1024), margin 0, backward e5m2. */
Fp8Spec fp8_spec_default(void);

/* Fails: STATUS_USAGE. */
Status fp8_check(const Fp8Spec *spec) MUST_CHECK;

/* What would be typed after `fp8` to get this, appended: "scaling delayed history=16". The history is
 * left out where it is the usual one, margin where it is 0, backward where it is e5m2. */
void fp8_print(const Fp8Spec *spec, Text *text);

/* "delayed". Fails: STATUS_USAGE, naming what there is. */
Status fp8_scaling_parse(const char *name, Fp8Scaling *scaling) MUST_CHECK;

/* A format that gradients may be cast to. Fails: STATUS_USAGE. */
Status fp8_backward_parse(const char *name, Format *format) MUST_CHECK;

#endif
