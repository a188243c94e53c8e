/* position: out = x + W at each place of a sequence; position_dw: dW = the sum of dout over the batch, in
 * fp32 in its order, rounded once
 *
 *   x, out, dout (n, t, w), W, dW (t, w)
 */
#include "cpu/plan.h"

#include <string.h>

static void add(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const float *x = plan_in(plan, instr, 0) + first, *w = plan_in(plan, instr, 1);
    int64_t places = value_count(plan_value(plan, instr->in[1]));

    for (int64_t i = 0; i < count; i++)
        out[i] = x[i] + w[(first + i) % places];
}

void cpu_position(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, add);
}

void cpu_position_dw(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0);
    float *dw = plan_out(plan, instr);
    int64_t examples = plan_value(plan, instr->in[0])->shape[0];
    int64_t places = value_count(plan_value(plan, instr->out));

    memset(dw, 0, (size_t)places * sizeof *dw);
    for (int64_t n = 0; n < examples; n++, dout += places)
        for (int64_t i = 0; i < places; i++)
            dw[i] += dout[i];
    cpu_round(plan, instr);
}
