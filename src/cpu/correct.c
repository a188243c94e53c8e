/* correct: adds to Scalars.correct the rows whose largest number stands at the label
 *
 *   logits (n, classes), label (n); rows of what lies behind the last held-out example do not count
 */
#include "cpu/plan.h"

#include <math.h>

/* As PyTorch: a nan is the largest, and of equals the first is taken. */
static int64_t argmax(const float *row, int64_t width)
{
    int64_t best = 0;

    for (int64_t j = 1; j < width; j++)
        if (row[j] > row[best] || (isnan(row[j]) && !isnan(row[best])))
            best = j;
    return best;
}

void cpu_correct(Plan *plan, const Instr *instr)
{
    const float *logits = plan_in(plan, instr, 0), *labels = plan_in(plan, instr, 1);
    Scalars *scalars = &plan->store->scalars;
    int64_t width = plan_cols(plan, instr->in[0]);
    int64_t left = plan->data->view.test_count - scalars->test_position;
    int64_t batch = plan->program.batch;
    int64_t each = plan_rows(plan, instr->in[0]) / plan_value(plan, instr->in[0])->shape[0];
    int64_t rows = (left < batch ? left : batch) * each;

    for (int64_t i = 0; i < rows; i++)
        scalars->correct += argmax(logits + i * width, width) == (int64_t)labels[i];
}
