/* linear_db: column sums of the stored dout in fp32, then one rounding; src/cpu/linear_db.c.
 *
 * Rows are summed in parts (map.cuh), then the parts, in order.
 */
#include "map.cuh"

static __global__ void add_parts(float *sums, int parts, int cols)
{
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    float sum;

    if (col >= cols)
        return;
    sum = sums[col];
#pragma unroll 8
    for (int part = 1; part < parts; part++)
        sum += sums[(int64_t)part * cols + col];
    sums[col] = sum;
}

Status parts_finish(Plan *plan, int instr)
{
    int cols = plan->arrays[(size_t)plan->program.instrs[instr].out].cols;

    add_parts<<<(cols + THREADS - 1) / THREADS, THREADS, 0, plan->backend->stream>>>(
        plan->raws[(size_t)instr], plan_parts(plan, instr), cols);
    return chain_alone(plan, instr);
}

Status sums_linear_db(Plan *plan, int instr)
{
    Chain sums = {};

    sums.from = plan->arrays[plan->program.instrs[instr].in[0]];
    sums.scalars = plan->store->scalars;
    sums.state = plan->state;
    sums.sums = plan->raws[instr];
    return chain_run(plan, &sums);
}

Status cuda_linear_db(Plan *plan, int instr)
{
    TRY(sums_linear_db(plan, instr));
    return parts_finish(plan, instr);
}
