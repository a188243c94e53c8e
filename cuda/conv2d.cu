/* conv2d: what each place sees, a product into fp32 sums, then bias, rounding, and channels first again;
 * src/cpu/conv2d.c.
 */
#include "sliding.cuh"

typedef struct ConvWork {
    Array out, sums, bias;
    Counter counter;
    const StepState *state;
    int places;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        int channel = col / places;
        int64_t at = ((int64_t)row * places + col % places) * sums.stride + channel;

        return ((const float *)sums.data)[at] + load_at<F>(bias, 0, channel);
    }
} ConvWork;

Status cuda_conv2d(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    ConvWork work = {};

    TRY(sliding_take(plan, instr, of->in[0]));
    TRY(product_run(plan, instr));
    work.sums = sliding_sums(plan, instr);
    work.bias = plan->arrays[(size_t)of->in[2]];
    work.places = work.sums.rows / plan->arrays[(size_t)of->out].rows;
    return places_run(plan, instr, &work);
}
