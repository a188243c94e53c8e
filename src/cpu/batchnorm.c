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

/* The sum over `count` neighbours from `first` on, of channel c. */
typedef float Sum(const Plan *plan, const Instr *instr, int64_t c, int64_t first, int64_t count);

typedef struct SumJob {
    Plan *plan;
    const Instr *instr;
    Sum *sum;
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

    for (int64_t n = 0; n < job->plan->program.batch; n++)
        all +=
            job->sum(job->plan, job->instr, c, (n * job->channels + c) * job->places, job->places);
    job->sums[c] = all;
}

static void sum_channels(SumJob *job, Sum *sum)
{
    job->sum = sum;
    pool_run(job->plan->backend->pool, sum_channel, job, (int)job->channels);
}

static float plain(const Plan *plan, const Instr *instr, int64_t c, int64_t first, int64_t count)
{
    const float *x = plan_in(plan, instr, 0) + first;
    float sum = 0.0f;

    (void)c;
    for (int64_t i = 0; i < count; i++)
        sum += x[i];
    return sum;
}

static float squares(const Plan *plan, const Instr *instr, int64_t c, int64_t first, int64_t count)
{
    const float *x = plan_in(plan, instr, 0) + first;
    float mean = plan_in(plan, instr, 1)[c], sum = 0.0f;

    for (int64_t i = 0; i < count; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

static void divide(float *sums, int64_t channels, int64_t numbers)
{
    for (int64_t c = 0; c < channels; c++)
        sums[c] /= (float)numbers;
}

static void batch_statistic(Plan *plan, const Instr *instr, Sum *sum)
{
    SumJob job = job_of(plan, instr, instr->in[0], instr->out, plan_out(plan, instr));

    sum_channels(&job, sum);
    divide(job.sums, job.channels, channel_numbers(plan_value(plan, instr->in[0]), job.channels));
    cpu_round(plan, instr);
}

void cpu_batch_mean(Plan *plan, const Instr *instr)
{
    batch_statistic(plan, instr, plain);
}

void cpu_batch_var(Plan *plan, const Instr *instr)
{
    batch_statistic(plan, instr, squares);
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
static float along(const Plan *plan, const Instr *instr, int64_t c, int64_t first, int64_t count)
{
    const float *dout = plan_in(plan, instr, 0) + first, *x = plan_in(plan, instr, 1) + first;
    float mean = plan_in(plan, instr, 2)[c], root = root_of(plan_in(plan, instr, 3)[c]);
    float sum = 0.0f;

    for (int64_t i = 0; i < count; i++)
        sum += dout[i] * ((x[i] - mean) * root);
    return sum;
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
    float mean = plan_in(plan, instr, 2)[c], root = root_of(plan_in(plan, instr, 3)[c]);
    float slope = root * plan_in(plan, instr, 4)[c];

    for (int64_t n = 0; n < plan->program.batch; n++) {
        int64_t first = (n * job->flat.channels + c) * job->flat.places;
        const float *dout = plan_in(plan, instr, 0) + first, *x = plan_in(plan, instr, 1) + first;
        float *dx = plan_out(plan, instr) + first;

        for (int64_t i = 0; i < job->flat.places; i++)
            dx[i] =
                slope * (dout[i] - job->flat.sums[c] - (x[i] - mean) * root * job->along.sums[c]);
    }
}

void cpu_batchnorm_dx(Plan *plan, const Instr *instr)
{
    int64_t channels = value_count(plan_value(plan, instr->in[2]));
    int64_t numbers = channel_numbers(plan_value(plan, instr->in[1]), channels);
    float *sums = xcalloc((size_t)channels * 2, sizeof *sums);
    DxJob job = {job_of(plan, instr, instr->in[1], instr->in[2], sums),
                 job_of(plan, instr, instr->in[1], instr->in[2], sums + channels)};

    sum_channels(&job.flat, plain);
    sum_channels(&job.along, along);
    divide(sums, 2 * channels, numbers);
    pool_run(plan->backend->pool, channel_dx, &job, (int)channels);
    free(sums);
    cpu_round(plan, instr);
}
