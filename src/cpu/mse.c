/* mse: loss = mean of (x - target)^2, in fp32; backward: 2 (x - target) / count, times loss weight
 * and scale
 *
 *   x (n, w) in any format, target (n, w), loss (1), dx (n, w)
 *
 * Source: aten/src/ATen/native/cpu/{BinaryOpsKernel,PointwiseOpsKernel}.cpp, for the order of the
 * products.
 */
#include "cpu/plan.h"

void cpu_mse(Plan *plan, const Instr *instr)
{
    const float *x = plan_in(plan, instr, 0), *target = plan_in(plan, instr, 1);
    int64_t count = value_count(plan_value(plan, instr->in[0]));
    double sum = 0.0;

    for (int64_t i = 0; i < count; i++) {
        float difference = x[i] - target[i];

        sum += (double)(difference * difference);
    }
    plan->loss = (float)(sum / (double)count);
    plan_out(plan, instr)[0] = plan->loss;
}

static void backward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *dx)
{
    const float *x = plan_in(plan, instr, 0) + first, *target = plan_in(plan, instr, 1) + first;
    const Scalars *scalars = &plan->store->scalars;
    float norm = (float)(2.0 / (double)value_count(plan_value(plan, instr->out)));
    float dloss = scalars->scale * scalars->loss_weight;

    for (int64_t i = 0; i < count; i++)
        dx[i] = norm * (x[i] - target[i]) * dloss;
}

void cpu_mse_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
