/* PyTorch's GradScaler as a pure state machine: no tensors, no memory of its own.
 *
 * It is the oracle of the op `update` in every backend, and `scale simulate` runs it alone. What is
 * not PyTorch's (floor, hysteresis, two mistakes) is off in a spec of zeros.
 * Source: torch/amp/grad_scaler.py; aten/src/ATen/native/cuda/AmpKernels.cu (amp_update_scale).
 */
#ifndef AMP_SCALER_H
#define AMP_SCALER_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* How the loss is scaled. */
typedef enum ScaleMode { SCALE_OFF, SCALE_STATIC, SCALE_DYNAMIC } ScaleMode;

typedef struct ScalerSpec {
    ScaleMode mode;
    float start;      /* init_scale; for SCALE_STATIC the scale itself */
    double growth;    /* growth_factor: doubles, as PyTorch keeps them */
    double backoff;   /* backoff_factor */
    int64_t interval; /* growth_interval, clean steps */

    /* What PyTorch has not; zeros are PyTorch's scaler. */
    float floor; /* backing off ends here; 0: nowhere */
    int32_t
        hysteresis; /* the overflow since the last growth that backs off first; 0 and 1: each does */

    /* Mistakes, made on purpose. */
    bool take_all;     /* skip=off: a step with inf or nan is taken all the same */
    bool leave_scaled; /* unscale=off: the optimizer reads the scaled gradients as they are */
} ScalerSpec;

typedef struct Scaler {
    float scale;
    int32_t tracker; /* clean steps in a row */
    int32_t spent;   /* overflows since it last grew that hysteresis tolerated */
} Scaler;

/* GradScaler's defaults: dynamic, 65536, 2, 0.5, 2000. */
ScalerSpec scaler_spec_default(void);

/* GradScaler's own checks: growth > 1, backoff < 1 (nan fails both), and ours: a start that is a
 * positive finite float, and a floor not above it. Fails: STATUS_USAGE. */
Status scaler_check(const ScalerSpec *spec) MUST_CHECK;

/* What every reader of a scaled gradient multiplies by: the reciprocal in double, rounded once. */
float scaler_inverse(float scale);

/* After each step, update(): backs off once where found_inf is not 0 (nan and negatives count),
 * grows when the tracker equals the interval, keeps the scale where growth would overflow. The
 * factor is applied in double and rounded once.
 *
 * Hysteresis is Megatron's and DeepSpeed's: the first `hysteresis` - 1 overflows change nothing
 * but the tracker, each further one backs off, and the next growth (or what would be one) gives
 * them back. Below its floor, where only a hand can have set it, the scale stays at an overflow.
 * Source: megatron/core/optimizer/grad_scaler.py, DynamicGradScaler.update. */
void scaler_update(const ScalerSpec *spec, float found_inf, Scaler *scaler);

/* The overflows borne so far, under rules that may bear fewer: the next one backs off either
 * way. */
int32_t scaler_borne(int32_t spent, int32_t hysteresis);

#endif
