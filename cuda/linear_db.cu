/* linear_db: column sums of the stored dout in fp32, then one rounding; src/cpu/linear_db.c.
 *
 * Rows are taken in 16 interleaved sets, each in order, and the sets in order.
 */
#include "map.cuh"

Status cuda_linear_db(Plan *plan, int instr)
{
    Chain sums = {};

    sums.from = plan->arrays[plan->program.instrs[instr].in[0]];
    sums.scalars = plan->store->scalars;
    sums.state = plan->state;
    sums.sums = plan->raws[instr];
    TRY(chain_run(plan, &sums));
    return chain_alone(plan, instr);
}
