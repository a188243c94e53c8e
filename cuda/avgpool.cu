/* avgpool: the mean of each window, and dout divided among it; src/cpu/avgpool.c. */
#include "places.cuh"

typedef struct MeanWork {
    Array in;
    Plane pictures, windows;
    Divider side;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        Position at = position_of(windows, col);
        int reach = (int)side.by;
        float sum = 0.0f;

        for (int y = 0; y < reach; y++)
            for (int x = 0; x < reach; x++)
                sum += load_at<F>(
                    in, row, column_of(pictures, at.channel, at.y * reach + y, at.x * reach + x));
        return sum / (float)(reach * reach);
    }
} MeanWork;

typedef struct ShareWork {
    Array dout;
    Plane pictures, windows;
    Divider side;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        Position at = position_of(pictures, col);
        int y = quotient(side, at.y), x = quotient(side, at.x);

        if (y >= windows.height || x >= windows.width)
            return 0.0f;
        return load_at<F>(dout, row, column_of(windows, at.channel, y, x)) /
               (float)(side.by * side.by);
    }
} ShareWork;

Status cuda_avgpool(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    MeanWork work = {};

    work.in = plan->arrays[(size_t)of->in[0]];
    work.pictures = plane_of(plan_value(plan, of->in[0]));
    work.windows = plane_of(plan_value(plan, of->out));
    work.side = divider_of((int64_t)of->constants[POOL_SIDE]);
    return places_run(plan, instr, &work);
}

Status cuda_avgpool_backward(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    ShareWork work = {};

    work.dout = plan->arrays[(size_t)of->in[0]];
    work.pictures = plane_of(plan_value(plan, of->out));
    work.windows = plane_of(plan_value(plan, of->in[0]));
    work.side = divider_of((int64_t)of->constants[POOL_SIDE]);
    return places_run(plan, instr, &work);
}
