/* conv2d_dx: dx(c, u, v) = the sum of W(o, c, i, j) dout(o, y, x) over all o, i, j, y, x that took it
 *
 *   dout (n, o, oh, ow), W (o, c, k, k), dx (n, c, h, w)
 *
 * Sums in fp32, over o for each tap, then over the taps in their order; rounded once.
 */
#include "cpu/plan.h"

#include "base/memory.h"
#include "cpu/columns.h"
#include "cpu/matmul.h"

#include <stdlib.h>

typedef struct DxJob {
    Sliding s;
    const float *dout, *weight;
    float *dx;
    bool reference;
} DxJob;

static void spread_example(void *context, int example)
{
    const DxJob *job = context;
    const Sliding *s = &job->s;
    int64_t places = sliding_places(s), taps = sliding_taps(s);
    float *columns = xaligned((size_t)(taps * places), sizeof *columns);
    Product product = {
        .a = job->weight,
        .b = job->dout + example * s->outputs * places,
        .out = columns,
        .m = taps,
        .n = places,
        .k = s->outputs,
        .a_transposed = true,
    };

    matmul_alone(job->reference, &product);
    columns_give(s, columns, job->dx + example * s->channels * s->height * s->width);
    free(columns);
}

void cpu_conv2d_dx(Plan *plan, const Instr *instr)
{
    DxJob job = {
        .s = instr_sliding(&plan->program, instr),
        .dout = plan_in(plan, instr, 0),
        .weight = plan_in(plan, instr, 1),
        .dx = plan_out(plan, instr),
        .reference = plan->backend->reference_matmul,
    };

    pool_run(plan->backend->pool, spread_example, &job, (int)job.s.examples);
    cpu_fp8_descale(plan, instr);
    cpu_round(plan, instr);
}
