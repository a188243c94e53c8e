/* add: out = a + b, summed in fp32 and rounded once
 *
 *   a, b, out: rows of one length; a flattened one may have kept its shape
 */
#include "cpu/plan.h"

static void add(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    const float *a = plan_in(plan, instr, 0) + first, *b = plan_in(plan, instr, 1) + first;

    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] + b[i];
}

void cpu_add(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, add);
}
