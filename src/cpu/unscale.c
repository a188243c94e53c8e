/* unscale: is any value of this gradient inf or nan? GradScaler.unscale_
 *
 *   grad: any shape; it stays scaled, and every reader multiplies by 1/scale
 *
 * The test is on the scaled value, as PyTorch's is: a finite one that the multiplication carries to
 * inf is not found. Where scaling is off nothing is looked for and every step is taken.
 */
#include "cpu/plan.h"

#include "numerics/vector.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

typedef struct UnscaleJob {
    const float *grad;
    int64_t count;
    float inverse;
    Finding *findings;
} UnscaleJob;

VECTOR_CLONES static double squares(const float *grad, int64_t count, float inverse, float *nothing)
{
    double lanes[LANES] = {0};
    float zero[LANES] = {0};
    double sum = 0.0;

    for (int64_t i = 0; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++) {
            double value = (double)(grad[i + j] * inverse);

            lanes[j] += value * value;
            zero[j] += grad[i + j] * 0.0f; /* nan for inf and nan, else 0 */
        }
    for (int64_t i = count / LANES * LANES; i < count; i++) {
        double value = (double)(grad[i] * inverse);

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

static void look_at_block(void *context, int task)
{
    const UnscaleJob *job = context;
    int64_t first = (int64_t)task * BLOCK;
    int64_t count = job->count - first < BLOCK ? job->count - first : BLOCK;
    Finding *finding = &job->findings[task];
    float nothing;

    finding->square_sum = squares(job->grad + first, count, job->inverse, &nothing);
    finding->found = isnan(nothing);
}

void cpu_unscale(Plan *plan, const Instr *instr)
{
    const Scalars *scalars = &plan->store->scalars;
    int64_t count = value_count(plan_value(plan, instr->in[0]));
    int tasks = (int)((count + BLOCK - 1) / BLOCK);
    UnscaleJob job = {
        .grad = plan_in(plan, instr, 0),
        .count = count,
        .inverse = plan_inverse_scale(plan),
        .findings = plan->findings,
    };

    pool_run(plan->backend->pool, look_at_block, &job, tasks);
    for (int i = 0; i < tasks; i++) {
        plan->square_sum += job.findings[i].square_sum;
        if (job.findings[i].found && scalars->check && plan->first_found == NO_VALUE)
            plan->first_found = instr->in[0];
    }
}
