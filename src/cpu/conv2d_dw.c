/* conv2d_dw: dW(o, c, i, j) = the sum over n, y, x of dout(n, o, y, x) in(n, c, y s + i - p, x s + j - p)
 *
 *   dout (n, o, oh, ow), x (n, c, h, w), dW (o, c, k, k)
 *
 * Sums in fp32: of parts of the examples one after the other, then of those parts; rounded once. How many
 * parts there are depends on the sizes alone.
 */
#include "cpu/plan.h"

#include "base/memory.h"
#include "cpu/columns.h"
#include "cpu/matmul.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PARTS = 16, MOST_SUMS = 1 << 24 /* numbers of all parts */ };

typedef struct DwJob {
    Sliding s;
    const float *dout, *x;
    float *sums;  /* (parts, o, taps) */
    int64_t part; /* examples of each */
    bool reference;
} DwJob;

static void sum_part(void *context, int part)
{
    const DwJob *job = context;
    const Sliding *s = &job->s;
    int64_t places = sliding_places(s), taps = sliding_taps(s);
    int64_t first = part * job->part;
    int64_t last = first + job->part < s->examples ? first + job->part : s->examples;
    float *columns = xaligned((size_t)(taps * places), sizeof *columns);

    for (int64_t example = first; example < last; example++) {
        Product product = {
            .a = job->dout + example * s->outputs * places,
            .b = columns,
            .out = job->sums + part * s->outputs * taps,
            .m = s->outputs,
            .n = taps,
            .k = places,
            .b_transposed = true,
            .adds = example > first,
        };

        columns_take(s, job->x + example * s->channels * s->height * s->width, columns);
        matmul_alone(job->reference, &product);
    }
    free(columns);
}

void cpu_conv2d_dw(Plan *plan, const Instr *instr)
{
    DwJob job = {
        .s = instr_sliding(&plan->program, instr),
        .dout = plan_in(plan, instr, 0),
        .x = plan_in(plan, instr, 1),
        .reference = plan->backend->reference_matmul,
    };
    int64_t count = job.s.outputs * sliding_taps(&job.s);
    int64_t most = MOST_SUMS / count < 1 ? 1 : MOST_SUMS / count;
    int parts;
    float *dw = plan_out(plan, instr);

    most = most < MOST_PARTS ? most : MOST_PARTS;
    job.part = (job.s.examples + most - 1) / most;
    parts = (int)((job.s.examples + job.part - 1) / job.part);
    job.sums = xaligned((size_t)(parts * count), sizeof *job.sums);
    pool_run(plan->backend->pool, sum_part, &job, parts);
    memcpy(dw, job.sums, (size_t)count * sizeof *dw);
    for (int part = 1; part < parts; part++)
        for (int64_t i = 0; i < count; i++)
            dw[i] += job.sums[part * count + i];
    free(job.sums);
    cpu_fp8_descale(plan, instr);
    cpu_round(plan, instr);
}
