/* batch_mean: mean(c) = the mean of x over batch and places; batch_var: var(c) = that of (x - mean)^2
 * running: r = (1 - share) r + share (factor stat), in its own format, unless the step is dropped
 * batchnorm: out = (x - mean) root w + b, root = 1 / sqrt(var + 1e-5)
 * batchnorm_dx: dx = root w (dout - mean of dout - h mean of (dout h)), h = (x - mean) root
 * batchnorm_dw: dw(c) = the sum of dout h
 *
 *   x, dx, out, dout (n, c, h, w) or (n, c), read widened; mean, var, w, b, dw (c)
 *
 * Sums are in fp32: over the places of each example, and then over examples.
 * Source: aten/src/ATen/native/cuda/Normalization.cuh.
 */
#include "cpu/plan.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float eps = 1e-5f;

/* What a sum is taken of, for each number at `at` of channel c. */
typedef float Term(const Plan *plan, const Instr *instr, int64_t c, int64_t at);

typedef struct SumJob {
    Plan *plan;
    const Instr *instr;
    Term *term;
    int64_t channels, places;
    float *sums; /* of each channel */
} SumJob;

static SumJob job_of(Plan *plan, const Instr *instr, ValueId x, ValueId each, float *sums)
{
    int64_t channels = value_count(plan_value(plan, each));

    return (SumJob){.plan = plan,
                    .instr = instr,
                    .channels = channels,
                    .places = plan_cols(plan, x) / channels,
                    .sums = sums};
}

static void sum_channel(void *context, int c)
{
    const SumJob *job = context;
    float all = 0.0f;

    for (int64_t n = 0; n < job->plan->program.batch; n++) {
        int64_t first = (n * job->channels + c) * job->places;
        float sum = 0.0f;

        for (int64_t i = 0; i < job->places; i++)
            sum += job->term(job->plan, job->instr, c, first + i);
        all += sum;
    }
    job->sums[c] = all;
}

static void sum_channels(SumJob *job, Term *term)
{
    job->term = term;
    pool_run(job->plan->backend->pool, sum_channel, job, (int)job->channels);
}

static float number(const Plan *plan, const Instr *instr, int64_t c, int64_t at)
{
    (void)c;
    return plan_in(plan, instr, 0)[at];
}

static float square(const Plan *plan, const Instr *instr, int64_t c, int64_t at)
{
    float away = plan_in(plan, instr, 0)[at] - plan_in(plan, instr, 1)[c];

    return away * away;
}

static void divide(float *sums, int64_t channels, int64_t numbers)
{
    for (int64_t c = 0; c < channels; c++)
        sums[c] /= (float)numbers;
}

static void batch_statistic(Plan *plan, const Instr *instr, Term *term)
{
    SumJob job = job_of(plan, instr, instr->in[0], instr->out, plan_out(plan, instr));

    sum_channels(&job, term);
    divide(job.sums, job.channels, channel_numbers(plan_value(plan, instr->in[0]), job.channels));
    cpu_round(plan, instr);
}

void cpu_batch_mean(Plan *plan, const Instr *instr)
{
    batch_statistic(plan, instr, number);
}

void cpu_batch_var(Plan *plan, const Instr *instr)
{
    batch_statistic(plan, instr, square);
}

void cpu_running(Plan *plan, const Instr *instr)
{
    const Value *running = plan_value(plan, instr->in[0]);
    float *kept = plan_in(plan, instr, 0);
    const float *batch = plan_in(plan, instr, 1);
    float share = (float)instr->constants[RUNNING_SHARE];
    float factor = (float)instr->constants[RUNNING_FACTOR];

    for (int64_t i = 0; i < value_count(running); i++)
        kept[i] = (1.0f - share) * kept[i] + share * (factor * batch[i]);
    round_array(running->format, OVERFLOW_INFINITY, kept, kept, value_count(running));
}

static float root_of(float var)
{
    return 1.0f / sqrtf(var + eps);
}

static void normalise(const Plan *plan, const Instr *instr, int64_t first, int64_t count,
                      float *out)
{
    const float *x = plan_in(plan, instr, 0), *mean = plan_in(plan, instr, 1);
    const float *var = plan_in(plan, instr, 2), *w = plan_in(plan, instr, 3);
    const float *b = plan_in(plan, instr, 4);
    int64_t channels = value_count(plan_value(plan, instr->in[1]));
    int64_t places = plan_cols(plan, instr->out) / channels;

    for (int64_t i = 0; i < count;) {
        int64_t c = (first + i) / places % channels, left = places - (first + i) % places;
        int64_t end = i + left < count ? i + left : count;
        float root = root_of(var[c]);

        for (; i < end; i++)
            out[i] = (x[first + i] - mean[c]) * root * w[c] + b[c];
    }
}

void cpu_batchnorm(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, normalise);
}

/* Of the gradients: operands are dout, x, mean, var. */
static float normal(const Plan *plan, const Instr *instr, int64_t c, int64_t at)
{
    return (plan_in(plan, instr, 1)[at] - plan_in(plan, instr, 2)[c]) *
           root_of(plan_in(plan, instr, 3)[c]);
}

static float along(const Plan *plan, const Instr *instr, int64_t c, int64_t at)
{
    return plan_in(plan, instr, 0)[at] * normal(plan, instr, c, at);
}

void cpu_batchnorm_dw(Plan *plan, const Instr *instr)
{
    SumJob job = job_of(plan, instr, instr->in[1], instr->out, plan_out(plan, instr));

    sum_channels(&job, along);
    cpu_round(plan, instr);
}

typedef struct DxJob {
    SumJob flat, along; /* means of dout, and of dout h */
} DxJob;

static void channel_dx(void *context, int c)
{
    const DxJob *job = context;
    const Plan *plan = job->flat.plan;
    const Instr *instr = job->flat.instr;
    const float *dout = plan_in(plan, instr, 0);
    float root = root_of(plan_in(plan, instr, 3)[c]), w = plan_in(plan, instr, 4)[c];
    float *dx = plan_out(plan, instr);

    for (int64_t n = 0; n < plan->program.batch; n++) {
        int64_t first = (n * job->flat.channels + c) * job->flat.places;

        for (int64_t at = first; at < first + job->flat.places; at++) {
            float h = normal(plan, instr, c, at);

            dx[at] = root * w * (dout[at] - job->flat.sums[c] - h * job->along.sums[c]);
        }
    }
}

void cpu_batchnorm_dx(Plan *plan, const Instr *instr)
{
    int64_t channels = value_count(plan_value(plan, instr->in[2]));
    int64_t numbers = channel_numbers(plan_value(plan, instr->in[1]), channels);
    float *sums = xcalloc((size_t)channels * 2, sizeof *sums);
    DxJob job = {job_of(plan, instr, instr->in[1], instr->in[2], sums),
                 job_of(plan, instr, instr->in[1], instr->in[2], sums + channels)};

    sum_channels(&job.flat, number);
    sum_channels(&job.along, along);
    divide(sums, 2 * channels, numbers);
    pool_run(plan->backend->pool, channel_dx, &job, (int)channels);
    free(sums);
    cpu_round(plan, instr);
}
