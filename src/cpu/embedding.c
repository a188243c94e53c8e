/* embedding: out = W[id], the row of each character; embedding_dw: dW[c] = the sum of dout where id = c, in
 * fp32 in the order of the places, rounded once
 *
 *   ids (n, t) as whole numbers in fp32, W, dW (characters, w), out, dout (n, t, w); W and out in one format
 *
 * Source: aten/src/ATen/native/Embedding.cpp.
 */
#include "cpu/plan.h"

#include <string.h>

void cpu_embedding(Plan *plan, const Instr *instr)
{
    const float *ids = plan_in(plan, instr, 0), *w = plan_in(plan, instr, 1);
    float *out = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->out), width = plan_cols(plan, instr->out);

    for (int64_t row = 0; row < rows; row++, out += width)
        memcpy(out, w + (int64_t)ids[row] * width, (size_t)width * sizeof *out);
    cpu_round(plan, instr);
}

void cpu_embedding_dw(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0), *ids = plan_in(plan, instr, 1);
    float *dw = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->in[0]), width = plan_cols(plan, instr->in[0]);

    memset(dw, 0, (size_t)value_count(plan_value(plan, instr->out)) * sizeof *dw);
    for (int64_t row = 0; row < rows; row++, dout += width) {
        float *sum = dw + (int64_t)ids[row] * width;

        for (int64_t j = 0; j < width; j++)
            sum[j] += dout[j];
    }
    cpu_round(plan, instr);
}
