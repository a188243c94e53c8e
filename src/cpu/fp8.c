/* fp8_scale: what a cast multiplies by, with its inverse and the tensor's amax
 * cast_fp8: out = in times scale, rounded to e4m3 or e5m2 and clamped there
 * fp8_history: scale and amax of this step, before those of earlier ones
 *
 *   in, out: any shape, the same; scale (3), history (1 + steps): program/fp8.h has places and rules
 */
#include "cpu/plan.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Of all but nan. Not fmaxf: of a signaling nan it makes a nan, and forgets what was largest. */
static float largest(const float *values, int64_t count, float most)
{
    for (int64_t i = 0; i < count; i++)
        most = fabsf(values[i]) > most ? fabsf(values[i]) : most;
    return most;
}

static bool is_usable(float amax)
{
    return amax > 0.0f && isfinite(amax);
}

static float scale_for(float amax, float most)
{
    float scale = most / amax;

    return isfinite(scale) ? scale : FLT_MAX;
}

static float scale_of(const Instr *instr, float amax, const float *history, int64_t steps)
{
    float most = (float)format_table[(int)instr->constants[FP8_FORMAT]].max;
    float before = history[FP8_LAST_SCALE] > 0.0f ? history[FP8_LAST_SCALE] : 1.0f;

    switch ((Fp8Scaling)instr->constants[FP8_HOW]) {
    case FP8_SCALING_CURRENT:
        return is_usable(amax) ? scale_for(amax, most) : 1.0f;
    case FP8_SCALING_DELAYED:
        amax = largest(history + FP8_LAST_AMAX, steps, 0.0f);
        most *= exp2f(-(float)instr->constants[FP8_MARGIN]);
        return is_usable(amax) ? scale_for(amax, most) : before;
    default:
        return 1.0f;
    }
}

void cpu_fp8_scale(Plan *plan, const Instr *instr)
{
    const float *history = plan_in(plan, instr, 1);
    int64_t steps = value_count(plan_value(plan, instr->in[1])) - FP8_LAST_AMAX;
    float *out = plan_out(plan, instr);
    float amax =
        largest(plan_in(plan, instr, 0), value_count(plan_value(plan, instr->in[0])), 0.0f);

    out[FP8_SCALE] = scale_of(instr, amax, history, steps);
    out[FP8_INVERSE] = 1.0f / out[FP8_SCALE];
    out[FP8_AMAX] = plan->round > 0 ? fmaxf(out[FP8_AMAX], amax) : amax;
}

static void multiply(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const float *in = plan_in(plan, instr, 0) + first;
    float scale = plan_in(plan, instr, 1)[FP8_SCALE];

    for (int64_t i = 0; i < count; i++)
        out[i] = in[i] * scale;
}

void cpu_cast_fp8(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, multiply);
}

void cpu_fp8_history(Plan *plan, const Instr *instr)
{
    float *history = plan_in(plan, instr, 0);
    const float *seen = plan_in(plan, instr, 1);
    int64_t steps = value_count(plan_value(plan, instr->in[0])) - FP8_LAST_AMAX;

    memmove(history + FP8_LAST_AMAX + 1, history + FP8_LAST_AMAX,
            (size_t)(steps - 1) * sizeof *history);
    history[FP8_LAST_AMAX] = seen[FP8_AMAX];
    history[FP8_LAST_SCALE] = seen[FP8_SCALE];
}

float cpu_fp8_inverse(const Plan *plan, const Instr *instr)
{
    float inverse = 1.0f;

    for (int i = PRODUCT_SCALES; i < PRODUCT_SCALES + 2; i++)
        if (instr->in[i] != NO_VALUE)
            inverse *= plan_in(plan, instr, i)[FP8_INVERSE];
    return inverse;
}

void cpu_fp8_descale(const Plan *plan, const Instr *instr)
{
    float inverse = cpu_fp8_inverse(plan, instr), *out = plan_out(plan, instr);
    int64_t count =
        instr->in[PRODUCT_SCALES] == NO_VALUE ? 0 : value_count(plan_value(plan, instr->out));

    for (int64_t i = 0; i < count; i++)
        out[i] *= inverse;
}
