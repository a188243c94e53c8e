/* cast: out = in, rounded to out's format
 *
 *   in, out: any shape, the same
 */
#include "cpu/plan.h"

#include <string.h>

static void copy(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    memcpy(out, plan_in(plan, instr, 0) + first, (size_t)count * sizeof *out);
}

void cpu_cast(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, copy);
}
