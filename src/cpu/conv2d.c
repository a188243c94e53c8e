/* conv2d: out(o, y, x) = b(o) + the sum over c, i, j of W(o, c, i, j) in(c, y s + i - p, x s + j - p)
 *
 *   x (n, c, h, w), W (o, c, k, k), b (o), out (n, o, oh, ow); x, W and b in one format
 *
 * Sums in fp32, rounded; then the bias is added, and rounded again, as PyTorch does with cuDNN (at::
 * _convolution in Convolution.cpp). With one rounding a pool finds other numbers alike, and its
 * gradient goes elsewhere. A sum beyond the format waits for the second rounding, which counts it.
 */
#include "cpu/plan.h"

#include "base/memory.h"
#include "cpu/columns.h"
#include "cpu/matmul.h"
#include "numerics/round.h"

#include <math.h>
#include <stdlib.h>

typedef struct ConvJob {
    Sliding s;
    const float *x, *weight, *bias;
    float *out, inverse; /* of fp8 scales; else 1 */
    Format format;       /* of out */
    bool reference;
} ConvJob;

/* `room`: for the places of a channel. */
static void add_bias(const ConvJob *job, float *out, float *room)
{
    int64_t places = sliding_places(&job->s);

    for (int64_t channel = 0; channel < job->s.outputs; channel++, out += places) {
        for (int64_t i = 0; i < places; i++)
            out[i] *= job->inverse;
        round_array(job->format, OVERFLOW_INFINITY, out, room, places);
        for (int64_t i = 0; i < places; i++)
            out[i] = (isinf(room[i]) ? out[i] : room[i]) + job->bias[channel];
    }
}

static void convolve_example(void *context, int example)
{
    const ConvJob *job = context;
    const Sliding *s = &job->s;
    int64_t places = sliding_places(s), taps = sliding_taps(s);
    float *columns = xaligned((size_t)(taps * places), sizeof *columns);
    Product product = {
        .a = job->weight,
        .b = columns,
        .out = job->out + example * s->outputs * places,
        .m = s->outputs,
        .n = places,
        .k = taps,
    };

    columns_take(s, job->x + example * s->channels * s->height * s->width, columns);
    matmul_alone(job->reference, &product);
    add_bias(job, product.out, columns);
    free(columns);
}

void cpu_conv2d(Plan *plan, const Instr *instr)
{
    ConvJob job = {
        .s = instr_sliding(&plan->program, instr),
        .x = plan_in(plan, instr, 0),
        .weight = plan_in(plan, instr, 1),
        .bias = plan_in(plan, instr, 2),
        .out = plan_out(plan, instr),
        .format = plan_value(plan, instr->out)->format,
        .inverse = cpu_fp8_inverse(plan, instr),
        .reference = plan->backend->reference_matmul,
    };

    pool_run(plan->backend->pool, convolve_example, &job, (int)job.s.examples);
    cpu_round(plan, instr);
}
