/* conv2d_dx: a product gives each place's share for each tap, in fp32; a number of the picture sums its
 * shares, tap by tap, and is rounded; src/cpu/conv2d_dx.c.
 */
#include "sliding.cuh"

typedef struct DxWork {
    Array out, sums;
    Counter counter;
    const StepState *state;
    Plane in, places;
    int kernel, stride, pad;

    /* Row or column of the places that tap `i` reaches from `at`; -1: none. */
    __device__ __forceinline__ int reached(int at, int i, int most) const
    {
        int from = at + pad - i;

        return from >= 0 && from % stride == 0 && from / stride < most ? from / stride : -1;
    }

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        Position at = position_of(in, col);
        float sum = 0.0f;

        for (int i = 0; i < kernel; i++) {
            int y = reached(at.y, i, places.height);

            for (int j = 0; j < kernel && y >= 0; j++) {
                int x = reached(at.x, j, places.width);
                int64_t place = (int64_t)row * places.height * places.width + y * places.width + x;

                if (x >= 0)
                    sum +=
                        ((const float *)sums
                             .data)[place * sums.stride + (at.channel * kernel + i) * kernel + j];
            }
        }
        return sum;
    }
} DxWork;

Status cuda_conv2d_dx(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Sliding s = instr_sliding(&plan->program, of);
    DxWork work = {};

    TRY(sliding_turn(plan, instr, of->in[0]));
    TRY(product_run(plan, instr));
    work.sums = sliding_sums(plan, instr);
    work.in = plane_of(plan_value(plan, of->out));
    work.places = plane_of(plan_value(plan, of->in[0]));
    work.kernel = (int)s.kernel;
    work.stride = (int)s.stride;
    work.pad = (int)s.pad;
    return places_run(plan, instr, &work);
}
