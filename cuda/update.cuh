/* The end of a step on the device: GradScaler.update, numbers that move on, and the outcome. */
#ifndef CUDA_UPDATE_CUH
#define CUDA_UPDATE_CUH

#include "tile.cuh"

/* Words of an outcome in the ring. */
enum {
    WORD_STEP,
    WORD_STEP_HIGH,
    WORD_LOSS,
    WORD_SCALE_USED,
    WORD_SCALE_NEXT,
    WORD_TRACKER,
    WORD_SKIPPED, /* and, doubled, what hysteresis has borne */
    WORD_FIRST_FOUND,
    WORD_FIRST_INSTR,
    WORD_NONFINITE,
    WORD_CLIP_COEF,
    WORD_AMAX,
    WORD_NORM,
    WORD_NORM_HIGH,
    WORD_LR,
    WORD_LR_HIGH,
};

#ifdef __CUDACC__

/* What a skip is blamed on. */
typedef struct Blame {
    int instr;
    uint32_t nonfinite;
    uint32_t amax;
} Blame;

static __device__ uint32_t tally_nonfinite(const Tally *tally, const CountEdges &edges)
{
    uint32_t sum = 0;

    for (int bin = edges.overflow_bin + (int)threadIdx.x; bin < EXPONENT_BINS; bin += WARP)
        sum += tally->histogram[bin];
    /* Where nothing overflows, as in fp8, which is clamped, `over` is what was clamped. */
    return warp_total(sum) + tally->nan + tally->inf +
           (edges.overflow_bin < EXPONENT_BINS ? tally->over : 0);
}

/* The first warp: the first store of the step that put inf or nan into a tensor. */
static __device__ Blame find_blame(const StepEnd &end, int parity)
{
    Blame blame = {-1, 0, 0};

    for (int i = 0; i < end.counted; i++) {
        const Tally *tally = end.tallies + parity * end.counted + i;
        uint32_t bad = tally_nonfinite(tally, end.edges[i]);

        if (bad > 0)
            return {end.instrs[i], bad, tally->amax};
    }
    return blame;
}

static __device__ void back_off(Scalars *scalars)
{
    float backed = (float)((double)scalars->scale * scalars->backoff);

    scalars->tracker = 0;
    if (scalars->spent + 1 < scalars->hysteresis)
        scalars->spent++;
    else if (scalars->floor > 0.0f && backed < scalars->floor)
        scalars->scale = fminf(scalars->scale, scalars->floor);
    else
        scalars->scale = backed;
}

/* Equality, not >=: a tracker already past a lowered interval never grows, as in PyTorch. */
static __device__ void update_scale(Scalars *scalars, bool found)
{
    float grown = (float)((double)scalars->scale * scalars->growth);

    if (found) {
        back_off(scalars);
    } else if ((int64_t)scalars->tracker + 1 != scalars->interval) {
        scalars->tracker++;
    } else {
        scalars->scale = isfinite(grown) ? grown : scalars->scale;
        scalars->tracker = scalars->spent = 0;
    }
}

/* Each word carries the tag of its step, so that the reader needs no fence to know it is whole. */
static __device__ void post_word(const StepEnd &end, uint32_t tag, int word, uint32_t value)
{
    volatile uint64_t *slot = end.ring + (int64_t)(tag % OUTCOME_SLOTS) * OUTCOME_WORDS;

    slot[word] = (uint64_t)tag << 32 | value;
}

static __device__ void post_wide(const StepEnd &end, uint32_t tag, int word, uint64_t value)
{
    post_word(end, tag, word, (uint32_t)value);
    post_word(end, tag, word + 1, (uint32_t)(value >> 32));
}

static __device__ void post(const StepEnd &end, const Scalars &now, float loss, float used,
                            int found, double norm, const Blame &blame)
{
    uint32_t tag = ++end.state->outcomes;
    bool skip = end.state->found != NOT_FOUND;

    post_wide(end, tag, WORD_STEP, (uint64_t)now.step);
    post_word(end, tag, WORD_LOSS, __float_as_uint(loss));
    post_word(end, tag, WORD_SCALE_USED, __float_as_uint(used));
    post_word(end, tag, WORD_SCALE_NEXT, __float_as_uint(now.scale));
    post_word(end, tag, WORD_TRACKER, (uint32_t)now.tracker);
    post_word(end, tag, WORD_SKIPPED, (uint32_t)skip | (uint32_t)now.spent << 1);
    post_word(end, tag, WORD_FIRST_FOUND,
              found != NOT_FOUND ? (uint32_t)end.segments[found].grad_id : (uint32_t)NO_VALUE);
    post_word(end, tag, WORD_FIRST_INSTR, (uint32_t)blame.instr);
    post_word(end, tag, WORD_NONFINITE, blame.nonfinite);
    post_word(end, tag, WORD_CLIP_COEF, __float_as_uint(end.clips ? end.state->clip_coef : 1.0f));
    post_word(end, tag, WORD_AMAX, blame.amax);
    post_wide(end, tag, WORD_NORM, (uint64_t)__double_as_longlong(norm));
    post_wide(end, tag, WORD_LR, (uint64_t)__double_as_longlong(now.lr));
}

/* One block of THREADS, when all gradients have been looked at and all counts are in. `now`: the scalars
 * as the step found them, read before there was any hurry. */
static __device__ void step_finish(const StepEnd &end, Scalars now, float loss, double *warps)
{
    StepState *state = end.state;
    int stopping = *(volatile int *)&state->found, overlooked = *(volatile int *)&state->overlooked;
    int found = min(stopping, overlooked);
    float used = now.scale;
    double squares = 0.0;
    Blame blame = {-1, 0, 0};

#    pragma unroll 8 /* on their way together; added in their order */
    for (int i = threadIdx.x; i < end.tiles; i += THREADS)
        squares += __ldcg(&end.squares[i]);
    squares = block_sum(squares, warps);
    if (found != NOT_FOUND && threadIdx.x < WARP)
        blame = find_blame(end, state->parity);
    __syncthreads();
    if (threadIdx.x != 0)
        return;
    double norm = sqrt(squares);

    if (now.leave_scaled)
        norm *= (double)inverse_scale(&now);
    if (now.dynamic)
        update_scale(&now, found != NOT_FOUND);
    now.step++;
    now.taken += stopping == NOT_FOUND;
    now.position += (int64_t)end.batch * end.rounds;
    *end.scalars = now;
    state->parity ^= 1;
    post(end, now, loss, used, found, norm, blame);
}

#endif
#endif
