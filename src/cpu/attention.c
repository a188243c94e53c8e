/* Attention's products, head by head, each sum in fp32 in the order of its terms, rounded once:
 *
 *   attention_query:  q = qkv's first third / sqrt(width)
 *   attention_scores: scores(i, j) = q(i) . k(j)           attention_dprobs: dprobs(i, j) = dout(i) . v(j)
 *   attention_values: out(i) = the sum of probs(i, j) v(j)  attention_dq: dq(i) = the sum of dscores(i, j) k(j)
 *   attention_dv: dv(j) = the sum of probs(i, j) dout(i)    attention_dk: dk(j) = the sum of dscores(i, j) q(i)
 *   attention_join: dqkv = dq / sqrt(width), dk, dv side by side
 *
 *   qkv, dqkv (n, t, 3 c), q, out, dout, dq, dk, dv (n, t, c), squares (n, heads, t, t), 0 where j > i
 *
 * q is scaled before the product, and rounded, as torch.nn.functional.multi_head_attention_forward does with
 * need_weights=True; so is its gradient, once more, behind the product.
 */
#include "cpu/plan.h"

#include "base/memory.h"
#include "numerics/vector.h"

#include <stdlib.h>
#include <string.h>

/* Where k and v lie in a row of qkv, in rows of a whole. */
enum { KEYS = 1, VALUES = 2 };

/* A head's numbers of one example's rows. */
typedef struct HeadRows {
    float *at; /* of its first row */
    int64_t stride;
} HeadRows;

typedef struct HeadJob {
    Plan *plan;
    const Instr *instr;
    Heads h;
} HeadJob;

/* `part`: of a row of qkv; 0 elsewhere. */
static HeadRows rows_of(const HeadJob *job, ValueId id, int task, int64_t part)
{
    const Heads *h = &job->h;
    int64_t stride = plan_value(job->plan, id)->shape[2], example = task / h->heads;

    return (HeadRows){job->plan->values[id] + example * h->time * stride +
                          part * h->heads * h->width + task % h->heads * h->width,
                      stride};
}

static float *square_of(const HeadJob *job, ValueId id, int task)
{
    return job->plan->values[id] + (int64_t)task * job->h.time * job->h.time;
}

/* sums += factor * row */
VECTOR_CLONES static void add_row(float factor, const float *row, int64_t count, float *sums)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        sums[i] += factor * row[i];
}

/* (width, time) */
static void turn(const HeadJob *job, HeadRows rows, float *turned)
{
    for (int64_t i = 0; i < job->h.time; i++)
        for (int64_t c = 0; c < job->h.width; c++)
            turned[c * job->h.time + i] = rows.at[i * rows.stride + c];
}

/* square(i, j) = the sum over c of a(i, c) b(j, c) */
static void square_head(void *context, int task)
{
    const HeadJob *job = context;
    int64_t time = job->h.time, width = job->h.width;
    bool scores = job->instr->op == OP_ATTENTION_SCORES;
    HeadRows a = rows_of(job, job->instr->in[0], task, 0);
    HeadRows b = rows_of(job, job->instr->in[1], task, scores ? KEYS : VALUES);
    float *square = square_of(job, job->instr->out, task);
    float *turned = xaligned((size_t)(time * width), sizeof *turned);

    turn(job, b, turned);
    memset(square, 0, (size_t)(time * time) * sizeof *square);
    for (int64_t i = 0; i < time; i++)
        for (int64_t c = 0; c < width; c++)
            add_row(a.at[i * a.stride + c], turned + c * time, i + 1, square + i * time);
    free(turned);
}

/* out(i) = the sum over j of square(i, j) b(j) */
static void row_head(void *context, int task)
{
    const HeadJob *job = context;
    int64_t time = job->h.time, width = job->h.width;
    bool values = job->instr->op == OP_ATTENTION_VALUES;
    const float *square = square_of(job, job->instr->in[0], task);
    HeadRows b = rows_of(job, job->instr->in[1], task, values ? VALUES : KEYS);
    HeadRows out = rows_of(job, job->instr->out, task, 0);

    for (int64_t i = 0; i < time; i++) {
        memset(out.at + i * out.stride, 0, (size_t)width * sizeof *out.at);
        for (int64_t j = 0; j <= i; j++)
            add_row(square[i * time + j], b.at + j * b.stride, width, out.at + i * out.stride);
    }
}

/* out(j) = the sum over i of square(i, j) b(i) */
static void turned_head(void *context, int task)
{
    const HeadJob *job = context;
    int64_t time = job->h.time, width = job->h.width;
    const float *square = square_of(job, job->instr->in[0], task);
    HeadRows b = rows_of(job, job->instr->in[1], task, 0);
    HeadRows out = rows_of(job, job->instr->out, task, 0);

    for (int64_t j = 0; j < time; j++) {
        memset(out.at + j * out.stride, 0, (size_t)width * sizeof *out.at);
        for (int64_t i = j; i < time; i++)
            add_row(square[i * time + j], b.at + i * b.stride, width, out.at + j * out.stride);
    }
}

static void run(Plan *plan, const Instr *instr, PoolTask *task)
{
    HeadJob job = {.plan = plan, .instr = instr, .h = instr_heads(&plan->program, instr)};

    pool_run(plan->backend->pool, task, &job, (int)(job.h.examples * job.h.heads));
    cpu_round(plan, instr);
}

void cpu_attention_scores(Plan *plan, const Instr *instr)
{
    run(plan, instr, square_head);
}

void cpu_attention_dprobs(Plan *plan, const Instr *instr)
{
    run(plan, instr, square_head);
}

void cpu_attention_values(Plan *plan, const Instr *instr)
{
    run(plan, instr, row_head);
}

void cpu_attention_dq(Plan *plan, const Instr *instr)
{
    run(plan, instr, row_head);
}

void cpu_attention_dk(Plan *plan, const Instr *instr)
{
    run(plan, instr, turned_head);
}

void cpu_attention_dv(Plan *plan, const Instr *instr)
{
    run(plan, instr, turned_head);
}

void cpu_attention_query(Plan *plan, const Instr *instr)
{
    Heads h = instr_heads(&plan->program, instr);
    const float *qkv = plan_in(plan, instr, 0);
    int64_t width = h.heads * h.width;
    float *q = plan_out(plan, instr), scale = heads_scale(&h);

    for (int64_t row = 0; row < h.examples * h.time; row++)
        for (int64_t i = 0; i < width; i++)
            q[row * width + i] = qkv[row * 3 * width + i] * scale;
    cpu_round(plan, instr);
}

void cpu_attention_join(Plan *plan, const Instr *instr)
{
    Heads h = instr_heads(&plan->program, instr);
    const float *dq = plan_in(plan, instr, 0);
    int64_t width = h.heads * h.width;
    float *dqkv = plan_out(plan, instr), scale = heads_scale(&h);

    for (int64_t row = 0; row < h.examples * h.time; row++) {
        float *to = dqkv + row * 3 * width;

        for (int64_t i = 0; i < width; i++)
            to[i] = dq[row * width + i] * scale;
        memcpy(to + width, plan_in(plan, instr, 1) + row * width, (size_t)width * sizeof *to);
        memcpy(to + 2 * width, plan_in(plan, instr, 2) + row * width, (size_t)width * sizeof *to);
    }
    cpu_round(plan, instr);
}
