/* position and its gradient: src/cpu/position.c has the contract, and the same order of sums. */
#include "places.cuh"

typedef struct PositionWork {
    Array out, x, w;
    Counter counter;
    const StepState *state;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        return load_at<F>(x, row, col) + load_at<F>(w, row % w.rows, col);
    }
} PositionWork;

typedef struct PositionDw {
    Array out, dout;
    Counter counter;
    const StepState *state;

    template <Format F> __device__ __forceinline__ float number(int place, int col) const
    {
        float sum = 0.0f;

#pragma unroll 4
        for (int row = place; row < dout.rows; row += out.rows)
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
    PositionDw work = {};

    work.dout = plan->arrays[(size_t)plan->program.instrs[instr].in[0]];
    return places_run(plan, instr, &work);
}
