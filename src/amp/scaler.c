#include "amp/scaler.h"

#include <math.h>

ScalerSpec scaler_spec_default(void)
{
    return (ScalerSpec){.mode = SCALE_DYNAMIC,
                        .start = 65536.0f,
                        .growth = 2.0,
                        .backoff = 0.5,
                        .interval = 2000,
                        .hysteresis = 1};
}

Status scaler_check(const ScalerSpec *spec)
{
    if (!(spec->growth > 1.0))
        return fail(STATUS_USAGE, "the growth factor must be above 1; PyTorch takes 2");
    if (!(spec->backoff < 1.0))
        return fail(STATUS_USAGE, "the backoff factor must be below 1; PyTorch takes 0.5");
    if (spec->mode != SCALE_OFF && !(spec->start > 0.0f && isfinite(spec->start)))
        return fail(STATUS_USAGE,
                    "the loss scale must be above 0 and at most 3.4e38, what fp32 holds; try 2^16");
    if (!(spec->floor >= 0.0f && isfinite(spec->floor)) || spec->hysteresis < 0)
        return fail(STATUS_USAGE, "floor and hysteresis must be 0 or more; try floor=1");
    if (spec->mode == SCALE_DYNAMIC && spec->floor > spec->start)
        return fail(STATUS_USAGE,
                    "the floor must not be above the start of the scale; try floor=1");
    return ok();
}

float scaler_inverse(float scale)
{
    return (float)(1.0 / (double)scale);
}

static void back_off(const ScalerSpec *spec, Scaler *scaler)
{
    float backed = (float)((double)scaler->scale * spec->backoff);

    scaler->tracker = 0;
    if (scaler->spent + 1 < spec->hysteresis)
        scaler->spent++;
    else if (spec->floor > 0.0f && backed < spec->floor)
        scaler->scale = fminf(scaler->scale, spec->floor);
    else
        scaler->scale = backed;
}

void scaler_update(const ScalerSpec *spec, float found_inf, Scaler *scaler)
{
    float grown;

    if (found_inf != 0.0f) {
        back_off(spec, scaler);
        return;
    }
    /* Equality, not >=: a tracker already past a lowered interval never grows, as in PyTorch. */
    if ((int64_t)scaler->tracker + 1 != spec->interval) {
        scaler->tracker++;
        return;
    }
    grown = (float)((double)scaler->scale * spec->growth);
    if (isfinite(grown))
        scaler->scale = grown;
    scaler->tracker = scaler->spent = 0;
}

int32_t scaler_borne(int32_t spent, int32_t hysteresis)
{
    int32_t most = hysteresis > 1 ? hysteresis - 1 : 0;

    return spent < most ? spent : most;
}
