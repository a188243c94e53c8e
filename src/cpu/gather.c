/* gather: the examples of this step, or their targets
 *
 *   out (batch, ...): row r is example position + r of the run, in the order of its epoch, and a
 *   batch further on in each round; the batch wraps into the next epoch. Held out: row r is held-out example
 *   test_position + r. Of a text an example's number is the character that it begins with.
 */
#include "cpu/plan.h"

#include <string.h>

static int64_t example_of(const Plan *plan, const Instr *instr, int64_t row)
{
    const DataView *view = &plan->data->view;
    const Scalars *scalars = &plan->store->scalars;
    int64_t place = scalars->position + plan->round * plan->program.batch + row;

    if (instr->constants[GATHER_HELD_OUT] != 0.0) {
        place = scalars->test_position + row;
        place = place < view->test_count ? place : view->test_count - 1;
        return view->text_count > 0 ? view->held_out_from + place * view->features
                                    : view->train_count + place;
    }
    return plan->data->orders[(place / view->train_count) & 1][place % view->train_count];
}

static void gather_target(const Plan *plan, int64_t example, float *out, int64_t width)
{
    const DataView *view = &plan->data->view;

    if (view->labels != NULL)
        *out = (float)view->labels[example];
    else
        memcpy(out, view->targets + example * width, (size_t)width * sizeof *out);
}

/* The target of each character is the one behind it. */
static void gather_text(const DataView *view, int64_t from, bool target, float *out, int64_t width)
{
    memcpy(out, view->inputs + from + target, (size_t)width * sizeof *out);
}

void cpu_gather(Plan *plan, const Instr *instr)
{
    const DataView *view = &plan->data->view;
    bool target = instr->constants[GATHER_TARGET] != 0.0;
    int64_t width = value_count(plan_value(plan, instr->out)) / plan->program.batch;
    float *out = plan_out(plan, instr);

    for (int64_t row = 0; row < plan->program.batch; row++, out += width) {
        int64_t example = example_of(plan, instr, row);

        if (view->text_count > 0)
            gather_text(view, example, target, out, width);
        else if (target)
            gather_target(plan, example, out, width);
        else
            memcpy(out, view->inputs + example * width, (size_t)width * sizeof *out);
    }
}
