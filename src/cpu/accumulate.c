/* accumulate: sum += grad over the micro-batches of a step, in fp32; the first one begins it
 *
 *   grad: any format; sum: fp32, of the same shape. What .grad does when backward() is called again.
 */
#include "cpu/plan.h"

static void add(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *sum)
{
    const float *grad = plan_in(plan, instr, 0) + first;

    for (int64_t i = 0; i < count; i++)
        sum[i] = plan->round == 0 ? grad[i] : sum[i] + grad[i];
}

void cpu_accumulate(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, add);
}
