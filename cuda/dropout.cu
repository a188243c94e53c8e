/* dropout, forward and back: src/cpu/dropout.c has the contract, and the same random numbers. */
#include "places.cuh"
#include "step_low.cuh"

#include "base/random.h"

typedef struct DropWork {
    Array in;
    const Scalars *scalars;
    int64_t ahead; /* examples of the step in the rounds before */
    int64_t rows;  /* of an example */
    uint32_t place, edge;
    float larger;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        int64_t seen = (scalars->position + ahead) * rows + row;
        uint64_t n = (uint64_t)seen * (uint64_t)in.cols + (uint64_t)col; /* dropout_number */
        uint64_t block = n / 4;
        uint32_t counted[4] = {(uint32_t)block, (uint32_t)(block >> 32), RANDOM_DROPOUT, place};
        bool dropped = philox(counted, scalars->seed, (int)(n % 4)) < edge;

        return load_at<F>(in, row, col) * (dropped ? 0.0f : 1.0f) * larger;
    }
} DropWork;

Status cuda_dropout(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    double rate = of->constants[DROPOUT_RATE];
    DropWork work = {};

    work.in = plan->arrays[(size_t)of->in[0]];
    work.scalars = plan->store->scalars;
    work.ahead = (int64_t)plan->round * plan->program.batch;
    work.rows = work.in.rows / plan_value(plan, of->out)->shape[0];
    work.place = (uint32_t)of->constants[DROPOUT_PLACE];
    work.edge = dropout_edge(rate);
    work.larger = (float)(1.0 / (1.0 - rate));
    return places_run(plan, instr, &work);
}
