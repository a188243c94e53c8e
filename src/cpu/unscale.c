/* unscale: is any value of this gradient inf or nan? GradScaler.unscale_
 *
 *   grad: any shape; it stays scaled, and every reader multiplies by 1/scale
 *
 * The test is on the scaled value, as PyTorch's is: a finite one that the multiplication carries to
 * inf is not found. Where scaling is off nothing is looked for and every step is taken. Where the
 * scaled gradients were clipped by value, what is looked at is what that left: nan.
 */
#include "cpu/plan.h"

#include "numerics/vector.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

typedef struct LookJob {
    const float *grad;
    int64_t count;
    float factor;
    bool nan_only;
    Finding *findings;
} LookJob;

VECTOR_CLONES static double squares(const float *grad, int64_t count, float factor, float *nothing)
{
    double lanes[LANES] = {0};
    float zero[LANES] = {0};
    double sum = 0.0;

    for (int64_t i = 0; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++) {
            double value = (double)(grad[i + j] * factor);

            lanes[j] += value * value;
            zero[j] += grad[i + j] * 0.0f; /* nan for inf and nan, else 0 */
        }
    for (int64_t i = count / LANES * LANES; i < count; i++) {
        double value = (double)(grad[i] * factor);

        lanes[i % LANES] += value * value;
        zero[i % LANES] += grad[i] * 0.0f;
    }
    *nothing = 0.0f;
    for (int j = 0; j < LANES; j++) {
        sum += lanes[j];
        *nothing += zero[j];
    }
    return sum;
}

static bool has_nan(const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

static void look_at_block(void *context, int task)
{
    const LookJob *job = context;
    int64_t first = (int64_t)task * BLOCK;
    int64_t count = job->count - first < BLOCK ? job->count - first : BLOCK;
    Finding *finding = &job->findings[task];
    float nothing;

    finding->square_sum = squares(job->grad + first, count, job->factor, &nothing);
    finding->found = isnan(nothing) && (!job->nan_only || has_nan(job->grad + first, count));
}

double cpu_look(Plan *plan, ValueId grad, float factor, bool nan_only, bool *found)
{
    int64_t count = value_count(plan_value(plan, grad));
    int tasks = (int)((count + BLOCK - 1) / BLOCK);
    LookJob job = {
        .grad = plan->values[grad],
        .count = count,
        .factor = factor,
        .nan_only = nan_only,
        .findings = plan->findings,
    };
    double sum = 0.0;

    pool_run(plan->backend->pool, look_at_block, &job, tasks);
    *found = false;
    for (int i = 0; i < tasks; i++) {
        sum += job.findings[i].square_sum;
        *found = *found || job.findings[i].found;
    }
    return sum;
}

void cpu_unscale(Plan *plan, const Instr *instr)
{
    ValueId grad = instr->in[0];
    bool found;

    plan->square_sum +=
        cpu_look(plan, grad, plan_unscaling(plan), cpu_clip_hides_inf(plan), &found);
    if (found && plan->store->scalars.check && plan->first_found == NO_VALUE)
        plan->first_found = grad;
}
