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

Status cuda_linear_db(Plan *plan, int instr)
{
    Chain sums = {};
    int cols;

    sums.from = plan->arrays[plan->program.instrs[instr].in[0]];
    sums.scalars = plan->store->scalars;
    sums.state = plan->state;
    sums.sums = plan->raws[instr];
    cols = sums.from.cols;
    TRY(chain_run(plan, &sums));
    add_parts<<<(cols + THREADS - 1) / THREADS, THREADS, 0, plan->backend->stream>>>(
        sums.sums, sum_parts(&sums.from), cols);
    return chain_alone(plan, instr);
}
