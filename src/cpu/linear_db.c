/* linear_db: db = the sum of dout's rows, in fp32 from the stored, rounded dout, rounded once
 *
 *   dout (n, o), db (o)
 */
#include "cpu/plan.h"

#include <string.h>

void cpu_linear_db(Plan *plan, const Instr *instr)
{
    const float *dout = plan_in(plan, instr, 0);
    float *db = plan_out(plan, instr);
    int64_t rows = plan_rows(plan, instr->in[0]), width = plan_cols(plan, instr->in[0]);

    memset(db, 0, (size_t)width * sizeof *db);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t j = 0; j < width; j++)
            db[j] += dout[row * width + j];
    cpu_round(plan, instr);
}
