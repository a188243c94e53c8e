/* The beginning of a step: what the last one left is cleared, the optimizer's constants are found, and
 * labels are fetched, which all cost less together.
 */
#include "begin.cuh"

#include "tile.cuh"

static __global__ void begin_kernel(const __grid_constant__ Begin begin)
{
    int at = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
    int parity = begin.clear_next ? begin.end.state->parity ^ 1 : begin.end.state->parity;
    uint32_t *tallies = (uint32_t *)(begin.tallies + parity * begin.counted);
    Mass *masses = begin.masses + (int64_t)parity * begin.counted * begin.mass_slots;

    for (int i = at; i < begin.counted * TALLY_WORDS; i += all)
        tallies[i] = 0;
    for (int i = at; i < begin.counted * begin.mass_slots; i += all)
        masses[i] = {0.0, 0.0};
    for (int row = at; begin.labels != NULL && row < begin.rows; row += all)
        begin.target[row] = (float)begin.labels[example_of(begin.examples, begin.end.scalars, row)];
    if (at != 0)
        return;
    begin.end.state->found = begin.end.state->overlooked = NOT_FOUND;
    begin.end.state->next = begin.end.state->parity ^ 1;
    step_constants(begin.end, begin.end.state);
}

Begin begin_work(const Plan *plan, bool clear_next)
{
    Begin begin = {};

    begin.end = step_end(plan);
    begin.tallies = plan->tallies;
    begin.masses = plan->masses;
    begin.counted = plan->counted;
    begin.mass_slots = plan->mass_slots;
    begin.clear_next = clear_next;
    return begin;
}

Status begin_run(Plan *plan, const Begin *begin)
{
    begin_kernel<<<plan->backend->multiprocessors, THREADS, 0, plan->backend->stream>>>(*begin);
    return cuda_launched(plan->backend, "a step began");
}

static Status launch_begin(Plan *plan, const void *work)
{
    return begin_run(plan, (const Begin *)work);
}

void begin_add(Plan *plan, const Begin *begin)
{
    node_add(plan, launch_begin, begin, sizeof *begin);
}
