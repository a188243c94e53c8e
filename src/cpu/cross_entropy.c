/* cross_entropy: loss = mean over the batch of log(sum exp(logits)) - logits[label], in fp32
 * backward: (softmax - one at the label) / batch, times loss weight and scale
 *
 *   logits (n, classes) in any format, label (n), loss (1), dlogits (n, classes)
 *
 * The order of operations is PyTorch's: nll_loss's gradient, then log_softmax's.
 * Source: aten/src/ATen/native/{LossNLL.cpp, cpu/LogSoftmaxKernelImpl.h}.
 */
#include "cpu/plan.h"

#include <math.h>

static float largest(const float *row, int64_t width)
{
    float most = row[0];

    for (int64_t j = 1; j < width; j++)
        most = row[j] > most || isnan(row[j]) ? row[j] : most;
    return most;
}

/* max + log(sum exp(x - max)) as two parts, so that small differences are not lost */
static float log_sum(const float *row, int64_t width, float most)
{
    float sum = 0.0f;

    for (int64_t j = 0; j < width; j++)
        sum += expf(row[j] - most);
    return logf(sum);
}

void cpu_cross_entropy(Plan *plan, const Instr *instr)
{
    const float *logits = plan_in(plan, instr, 0), *labels = plan_in(plan, instr, 1);
    int64_t rows = plan->program.batch, width = plan_row(plan, instr->in[0]);
    double sum = 0.0;

    for (int64_t i = 0; i < rows; i++, logits += width) {
        float most = largest(logits, width);

        sum -= (double)(logits[(int64_t)labels[i]] - most - log_sum(logits, width, most));
    }
    plan->loss = (float)(sum / (double)rows);
    plan_out(plan, instr)[0] = plan->loss;
}

void cpu_cross_entropy_backward(Plan *plan, const Instr *instr)
{
    const float *logits = plan_in(plan, instr, 0), *labels = plan_in(plan, instr, 1);
    const Scalars *scalars = &plan->store->scalars;
    float *out = plan_out(plan, instr);
    int64_t rows = plan->program.batch, width = plan_row(plan, instr->in[0]);
    float at_label = -(scalars->scale * scalars->loss_weight) / (float)rows;

    for (int64_t i = 0; i < rows; i++, logits += width, out += width) {
        float most = largest(logits, width), log_of_sum = log_sum(logits, width, most);

        for (int64_t j = 0; j < width; j++)
            out[j] = (j == (int64_t)labels[i] ? at_label : 0.0f) -
                     expf(logits[j] - most - log_of_sum) * at_label;
    }
    cpu_round(plan, instr);
}
