/* causal_softmax: out(i, j) = exp(x(i, j) - max) / the sum of exp(x(i, j) - max) over j <= i; 0 where j > i
 * backward: din = dout out - out (sum of dout out), from the stored out; 0 where j > i
 *
 *   x, din (n, heads, t, t) in any format, out, dout the same in fp32; computed in fp32; or, where that is forced
 *   (amp/policy.h), out and dout low too, and all between: e = R(exp R(x - max)), R(e / R(sum e)); unstable:
 *   without max; backward: R(a - R(out R(sum a))), a = R(dout out)
 *
 * Source: aten/src/ATen/native/cuda/{SoftMax.cu, PersistentSoftmax.cuh}.
 */
#include "cpu/plan.h"

#include <math.h>
#include <string.h>

typedef struct SquareJob {
    const Instr *instr;
    bool forced;
    const float *in, *saved; /* forward: saved is unused */
    float *out;
    int64_t time;
} SquareJob;

static float low(const SquareJob *job, float value)
{
    return job->forced ? plan_low(job->instr, value) : value;
}

static void forward_row(const SquareJob *job, const float *x, int64_t count, float *out)
{
    bool unstable = job->forced && job->instr->constants[LOW_UNSTABLE] != 0.0;
    float most = unstable ? 0.0f : row_largest(x, count), sum = 0.0f;

    for (int64_t j = 0; j < count; j++)
        sum += out[j] = low(job, expf(low(job, x[j] - most)));
    sum = low(job, sum);
    for (int64_t j = 0; j < count; j++)
        out[j] = low(job, out[j] / sum);
}

static void backward_row(const SquareJob *job, const float *dout, const float *out, int64_t count,
                         float *din)
{
    float sum = 0.0f;

    for (int64_t j = 0; j < count; j++)
        sum += low(job, dout[j] * out[j]);
    sum = low(job, sum);
    for (int64_t j = 0; j < count; j++)
        din[j] = low(job, low(job, dout[j] * out[j]) - low(job, out[j] * sum));
}

static void square_task(void *context, int task)
{
    const SquareJob *job = context;
    int64_t time = job->time;

    for (int64_t i = 0; i < time; i++) {
        int64_t at = (task * time + i) * time, count = i + 1;

        if (job->saved == NULL)
            forward_row(job, job->in + at, count, job->out + at);
        else
            backward_row(job, job->in + at, job->saved + at, count, job->out + at);
        memset(job->out + at + count, 0, (size_t)(time - count) * sizeof *job->out);
    }
}

static void run(Plan *plan, const Instr *instr, const float *saved)
{
    const Value *out = plan_value(plan, instr->out);
    SquareJob job = {instr,
                     instr_forced(instr) != FORMAT_FP32,
                     plan_in(plan, instr, 0),
                     saved,
                     plan_out(plan, instr),
                     out->shape[3]};

    pool_run(plan->backend->pool, square_task, &job, (int)(out->shape[0] * out->shape[1]));
    cpu_round(plan, instr);
}

void cpu_causal_softmax(Plan *plan, const Instr *instr)
{
    run(plan, instr, NULL);
}

void cpu_causal_softmax_backward(Plan *plan, const Instr *instr)
{
    run(plan, instr, plan_in(plan, instr, 1));
}
