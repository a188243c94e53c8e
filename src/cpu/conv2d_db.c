/* conv2d_db: db(o) = the sum over n, y, x of dout(n, o, y, x), in fp32 from the stored, rounded dout
 *
 *   dout (n, o, oh, ow), db (o); summed over the places of an example, then over examples; rounded once
 */
#include "cpu/plan.h"

void cpu_conv2d_db(Plan *plan, const Instr *instr)
{
    const Value *of = plan_value(plan, instr->in[0]);
    const float *dout = plan_in(plan, instr, 0);
    int64_t channels = of->shape[1], places = of->shape[2] * of->shape[3];
    float *db = plan_out(plan, instr);

    for (int64_t channel = 0; channel < channels; channel++) {
        db[channel] = 0.0f;
        for (int64_t example = 0; example < of->shape[0]; example++) {
            const float *from = dout + (example * channels + channel) * places;
            float sum = 0.0f;

            for (int64_t i = 0; i < places; i++)
                sum += from[i];
            db[channel] += sum;
        }
    }
    cpu_round(plan, instr);
}
