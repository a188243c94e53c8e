/* conv2d_db: sums over the places and some examples, in parts, from the stored dout; then the parts, in order,
 * and one rounding; src/cpu/conv2d_db.c.
 *
 * A warp for a channel of a part: each lane takes every 32nd place, or four neighbours, in order; then the
 * lanes are added up.
 */
#include "loss.cuh"
#include "places.cuh"

typedef struct DbWork {
    Array dout;
    float *sums; /* (parts, channels) */
    int channels, places, parts;
} DbWork;

template <Format F, int WIDTH>
static __global__ void __launch_bounds__(THREADS) db_kernel(const __grid_constant__ DbWork work)
{
    int lane = threadIdx.x % WARP;
    int64_t at = ((int64_t)blockIdx.x * THREADS + threadIdx.x) / WARP;
    int part = (int)(at / work.channels), channel = (int)(at % work.channels);
    int first = part * CONV_DB_EXAMPLES, end = min(first + CONV_DB_EXAMPLES, work.dout.rows);
    float sum = 0.0f;

    wait_for_previous();
    if (part >= work.parts)
        return;
    for (int row = first; row < end; row++)
#pragma unroll 2
        for (int place = lane * WIDTH; place < work.places; place += WARP * WIDTH) {
            float v[WIDTH];

            load_some<F, WIDTH>(work.dout, row, channel * work.places + place, v);
#pragma unroll
            for (int i = 0; i < WIDTH; i++)
                sum += v[i];
        }
    sum = warp_sum_all(sum);
    if (lane == 0)
        work.sums[at] = sum;
}

template <Format F> static const void *kernel_of(int places)
{
    return places % 4 == 0 ? (const void *)db_kernel<F, 4> : (const void *)db_kernel<F, 1>;
}

Status sums_conv2d_db(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    const Array *out = &plan->arrays[(size_t)of->out];
    DbWork work = {plan->arrays[(size_t)of->in[0]], plan->raws[(size_t)instr], out->cols, 0,
                   plan_parts(plan, instr)};
    void *arguments[] = {&work};
    int64_t warps = (int64_t)work.parts * work.channels;

    work.places = work.dout.cols / work.channels;
    return launch_early(plan,
                        plan->low == FORMAT_BF16 ? kernel_of<FORMAT_BF16>(work.places)
                                                 : kernel_of<FORMAT_FP16>(work.places),
                        (int)((warps * WARP + THREADS - 1) / THREADS), 0, arguments,
                        "a convolution's bias was summed");
}

Status cuda_conv2d_db(Plan *plan, int instr)
{
    TRY(sums_conv2d_db(plan, instr));
    return parts_finish(plan, instr);
}
