/* What panels derive from a Snapshot: shares, and the scale that the counted step ran with. */
#ifndef VIEW_FACTS_H
#define VIEW_FACTS_H

#include "telemetry/snapshot.h"

Measure facts_zero(const TensorFacts *tensor);      /* of all values */
Measure facts_underflow(const TensorFacts *tensor); /* of the nonzero finite ones */
Measure facts_subnormal(const TensorFacts *tensor); /* of the nonzero finite ones */
Measure facts_lost(const TensorFacts *tensor);      /* of the mass */

/* The scale that the newest step used; after a skip the scaler already holds the next one. */
float facts_scale_used(const Snapshot *snapshot);

/* Stored = true value times this: the loss scale, where the tensor carries it, and an fp8 cast's own. */
float facts_factor(const Snapshot *snapshot, const TensorFacts *tensor);

/* What is added to a stored exponent of the tensor to get that of the true value; rounded, where the
 * factor is no power of two. */
int facts_shift(const Snapshot *snapshot, const TensorFacts *tensor);

#endif
