/* nll: loss = mean over all rows of -x[label], in fp32
 * backward: dx = -(loss weight)(scale) / n at the label, else 0
 *
 *   x (n, classes) in any format, label (n), loss (1), dx (n, classes)
 *
 * Source: aten/src/ATen/native/cuda/NLLLoss.cu, for the order of the operations.
 */
#include "cpu/plan.h"

#include <string.h>

void cpu_nll(Plan *plan, const Instr *instr)
{
    const float *x = plan_in(plan, instr, 0), *labels = plan_in(plan, instr, 1);
    int64_t rows = plan_rows(plan, instr->in[0]), width = plan_cols(plan, instr->in[0]);
    double sum = 0.0;

    for (int64_t i = 0; i < rows; i++)
        sum -= (double)x[i * width + (int64_t)labels[i]];
    plan->loss = (float)(sum / (double)rows);
    plan_out(plan, instr)[0] = plan->loss;
}

void cpu_nll_backward(Plan *plan, const Instr *instr)
{
    const float *labels = plan_in(plan, instr, 1);
    const Scalars *scalars = &plan->store->scalars;
    float *dx = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);
    float at_label = -(scalars->scale * scalars->loss_weight) / (float)rows;

    memset(dx, 0, (size_t)(rows * width) * sizeof *dx);
    for (int64_t i = 0; i < rows; i++)
        dx[i * width + (int64_t)labels[i]] = at_label;
    cpu_round(plan, instr);
}
