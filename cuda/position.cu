/* position and its gradient: src/cpu/position.c has the contract, and the same order of sums. */
#include "places.cuh"

typedef struct PositionWork {
    Array x, w;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        return load_at<F>(x, row, col) + load_at<F>(w, row % w.rows, col);
    }
} PositionWork;

typedef struct PositionDw {
    Array dout;
    int places;

    template <Format F> __device__ __forceinline__ float number(int place, int col) const
    {
        float sum = 0.0f;

#pragma unroll 4
        for (int row = place; row < dout.rows; row += places)
            sum += load_at<F>(dout, row, col);
        return sum;
    }
} PositionDw;

Status cuda_position(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    PositionWork work = {};

    work.x = plan->arrays[(size_t)of->in[0]];
    work.w = plan->arrays[(size_t)of->in[1]];
    return places_run(plan, instr, &work);
}

Status cuda_position_dw(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    PositionDw work = {plan->arrays[(size_t)of->in[0]], plan->arrays[(size_t)of->out].rows};

    return places_run(plan, instr, &work);
}
