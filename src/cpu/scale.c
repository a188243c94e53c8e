/* scale: out = loss * weight * scale, in fp32 as the loss is; GradScaler.scale
 *
 *   loss (1), out (1)
 */
#include "cpu/plan.h"

void cpu_scale(Plan *plan, const Instr *instr)
{
    const Scalars *scalars = &plan->store->scalars;

    plan_out(plan, instr)[0] = plan_in(plan, instr, 0)[0] * scalars->loss_weight * scalars->scale;
}
