/* How a plan's gradients are clipped: src/cpu/clip.c has the contract. */
#ifndef CUDA_CLIP_CUH
#define CUDA_CLIP_CUH

#include "tile.cuh"

typedef enum ClipsBy { CLIPS_NOT, CLIPS_NORM, CLIPS_VALUE } ClipsBy;

typedef struct Clip {
    ClipsBy kind;
    bool scaled; /* the numbers as they are stored, before they are unscaled */
    float most;
} Clip;

/* The clip among the plan's instructions. */
Clip clip_of(const Plan *plan);

#ifdef __CUDACC__

static __device__ __forceinline__ float clip_number(const Clip &clip, const StepState &state,
                                                    float grad)
{
    float x = clip.scaled ? grad : grad * state.inverse;

    if (clip.kind == CLIPS_NORM)
        x = x * state.clip_coef;
    else
        x = x < -clip.most ? -clip.most : x > clip.most ? clip.most : x; /* nan stays */
    return clip.scaled ? x * state.inverse : x;
}

#endif
#endif
