/* PyTorch's GradScaler as a pure state machine: no tensors, no memory of its own.
 *
 * It is the oracle of the op `update` in every backend, and `scale simulate` runs it alone.
 * Source: torch/amp/grad_scaler.py; aten/src/ATen/native/cuda/AmpKernels.cu (amp_update_scale).
 */
#ifndef AMP_SCALER_H
#define AMP_SCALER_H

#include "base/status.h"

#include <stdint.h>

/* How the loss is scaled. */
typedef enum ScaleMode { SCALE_OFF, SCALE_STATIC, SCALE_DYNAMIC } ScaleMode;

typedef struct ScalerSpec {
    ScaleMode mode;
    float start;      /* init_scale; for SCALE_STATIC the scale itself */
    double growth;    /* growth_factor: doubles, as PyTorch keeps them */
    double backoff;   /* backoff_factor */
    int64_t interval; /* growth_interval, clean steps */
} ScalerSpec;

typedef struct Scaler {
    float scale;
    int32_t tracker; /* clean steps in a row */
} Scaler;

/* GradScaler's defaults: dynamic, 65536, 2, 0.5, 2000. */
ScalerSpec scaler_spec_default(void);

/* GradScaler's own checks: growth > 1, backoff < 1 (nan fails both), and ours: a start that is a
 * positive finite float. Fails: STATUS_USAGE. */
Status scaler_check(const ScalerSpec *spec) MUST_CHECK;

/* What every reader of a scaled gradient multiplies by: the reciprocal in double, rounded once. */
float scaler_inverse(float scale);

/* After each step, update(): backs off once where found_inf is not 0 (nan and negatives count),
 * grows when the tracker equals the interval, keeps the scale where growth would overflow. The
 * factor is applied in double and rounded once. */
void scaler_update(const ScalerSpec *spec, float found_inf, Scaler *scaler);

#endif
