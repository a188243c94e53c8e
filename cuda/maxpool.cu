/* maxpool: the largest of each window, and dout to where it stood; src/cpu/maxpool.c. */
#include "places.cuh"

typedef struct MaxWork {
    Array in, dout; /* forward: dout is unused */
    Plane pictures, windows;
    Divider side;

    /* The column in which the largest number of a window stands. */
    template <Format F>
    __device__ __forceinline__ int largest(int row, int channel, int top, int left) const
    {
        int best = column_of(pictures, channel, top, left);
        float most = load_at<F>(in, row, best);

        for (int y = top; y < top + (int)side.by; y++)
            for (int x = left; x < left + (int)side.by; x++) {
                int at = column_of(pictures, channel, y, x);
                float here = load_at<F>(in, row, at);

                if (here > most || isnan(here)) {
                    most = here;
                    best = at;
                }
            }
        return best;
    }
} MaxWork;

typedef struct ForwardWork : MaxWork {
    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        Position at = position_of(windows, col);

        return load_at<F>(in, row,
                          largest<F>(row, at.channel, at.y * (int)side.by, at.x * (int)side.by));
    }
} ForwardWork;

typedef struct BackwardWork : MaxWork {
    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        Position at = position_of(pictures, col);
        int y = quotient(side, at.y), x = quotient(side, at.x);

        if (y >= windows.height || x >= windows.width ||
            largest<F>(row, at.channel, y * (int)side.by, x * (int)side.by) != col)
            return 0.0f;
        return load_at<F>(dout, row, column_of(windows, at.channel, y, x));
    }
} BackwardWork;

Status cuda_maxpool(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    ForwardWork work = {};

    work.in = plan->arrays[(size_t)of->in[0]];
    work.pictures = plane_of(plan_value(plan, of->in[0]));
    work.windows = plane_of(plan_value(plan, of->out));
    work.side = divider_of((int64_t)of->constants[POOL_SIDE]);
    return places_run(plan, instr, &work);
}

Status cuda_maxpool_backward(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    BackwardWork work = {};

    work.dout = plan->arrays[(size_t)of->in[0]];
    work.in = plan->arrays[(size_t)of->in[1]];
    work.pictures = plane_of(plan_value(plan, of->out));
    work.windows = plane_of(plan_value(plan, of->in[0]));
    work.side = divider_of((int64_t)of->constants[POOL_SIDE]);
    return places_run(plan, instr, &work);
}
