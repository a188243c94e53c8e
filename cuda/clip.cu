/* clip_norm, clip_value: src/cpu/clip.c has the contract; step.cu's kernel clips as it reads.
 *
 * Unscaled gradients have their squares from `unscale` already; of scaled ones they are taken here.
 */
#include "clip.cuh"

Clip clip_of(const Plan *plan)
{
    Clip clip = {};

    for (int i = 0; i < plan->program.instr_count; i++) {
        const Instr *instr = &plan->program.instrs[i];

        if (instr->op != OP_CLIP_NORM && instr->op != OP_CLIP_VALUE)
            continue;
        clip.kind = instr->op == OP_CLIP_NORM ? CLIPS_NORM : CLIPS_VALUE;
        clip.scaled = instr->constants[CLIP_SCALED] != 0.0;
        clip.most = (float)instr->constants[CLIP_MOST];
    }
    return clip;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    squares_kernel(const __grid_constant__ Segment s, double *squares)
{
    __shared__ double warps[THREADS / WARP];

    for (int tile = s.first_tile + blockIdx.x; tile < s.first_tile + s.tiles; tile += gridDim.x) {
        TilePlace at = tile_place(s, tile);
        float values[TILE_RUN];
        bool odd = false;
        double sum;

        run_load<F>(s.grad, at, values);
        sum = block_sum(look(values, at.count, 1.0f, &odd), warps);
        if (threadIdx.x == 0)
            squares[tile] = sum;
    }
}

/* One block: the norm from the tiles' squares, in a fixed order, and what follows from it. */
static __global__ void __launch_bounds__(THREADS)
    coef_kernel(StepState *state, const double *squares, int tiles, float most)
{
    __shared__ double warps[THREADS / WARP];
    double sum = 0.0;

    for (int i = threadIdx.x; i < tiles; i += THREADS)
        sum += squares[i];
    sum = block_sum(sum, warps);
    if (threadIdx.x != 0)
        return;
    float coef = 1.0f / ((float)sqrt(sum) + 1e-6f) * most;

    state->clip_coef = coef > 1.0f ? 1.0f : coef; /* nan stays */
}

static Status take_squares(Plan *plan)
{
    cudaStream_t stream = plan->backend->stream;

    for (const Segment &segment : plan->segments) {
        int blocks = segment.tiles < plan->mass_slots ? segment.tiles : plan->mass_slots;

        if (plan->low == FORMAT_BF16)
            squares_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(segment, plan->squares);
        else
            squares_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(segment, plan->squares);
    }
    return cuda_launched(plan->backend, "the norm of the gradients was taken");
}

Status cuda_clip_norm(Plan *plan, int instr)
{
    Clip clip = clip_of(plan);

    (void)instr;
    if (clip.scaled)
        TRY(take_squares(plan));
    coef_kernel<<<1, THREADS, 0, plan->backend->stream>>>(plan->state, plan->squares, plan->tiles,
                                                          clip.most);
    return cuda_launched(plan->backend, "gradients were clipped");
}

/* Nothing is to be found out first. */
Status cuda_clip_value(Plan *plan, int instr)
{
    (void)plan, (void)instr;
    return ok();
}
