/* causal_softmax: out(i, j) = exp(x(i, j) - max) / the sum of exp(x(i, j) - max) over j <= i; 0 where j > i
 * backward: din = dout out - out (sum of dout out), from the stored out; 0 where j > i
 *
 *   x, din (n, heads, t, t) in any format, out, dout the same in fp32; computed in fp32
 *
 * Source: aten/src/ATen/native/cuda/{SoftMax.cu, PersistentSoftmax.cuh}.
 */
#include "cpu/plan.h"

#include <math.h>
#include <string.h>

typedef struct SquareJob {
    const float *in, *saved; /* forward: saved is unused */
    float *out;
    int64_t time;
} SquareJob;

static void forward_row(const float *x, int64_t count, float *out)
{
    float most = row_largest(x, count), sum = 0.0f;

    for (int64_t j = 0; j < count; j++)
        sum += out[j] = expf(x[j] - most);
    for (int64_t j = 0; j < count; j++)
        out[j] /= sum;
}

static void backward_row(const float *dout, const float *out, int64_t count, float *din)
{
    float sum = 0.0f;

    for (int64_t j = 0; j < count; j++)
        sum += dout[j] * out[j];
    for (int64_t j = 0; j < count; j++)
        din[j] = dout[j] * out[j] - out[j] * sum;
}

static void square_task(void *context, int task)
{
    const SquareJob *job = context;
    int64_t time = job->time;

    for (int64_t i = 0; i < time; i++) {
        int64_t at = (task * time + i) * time, count = i + 1;

        if (job->saved == NULL)
            forward_row(job->in + at, count, job->out + at);
        else
            backward_row(job->in + at, job->saved + at, count, job->out + at);
        memset(job->out + at + count, 0, (size_t)(time - count) * sizeof *job->out);
    }
}

static void run(Plan *plan, const Instr *instr, const float *saved)
{
    const Value *out = plan_value(plan, instr->out);
    SquareJob job = {plan_in(plan, instr, 0), saved, plan_out(plan, instr), out->shape[3]};

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
