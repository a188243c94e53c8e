/* What the pooling ops walk over: pictures, and square windows side by side in them. */
#ifndef CPU_WINDOWS_H
#define CPU_WINDOWS_H

#include "cpu/plan.h"

typedef struct Windows {
    int64_t height, width;         /* of a picture */
    int64_t out_height, out_width; /* in windows */
    int64_t side;
} Windows;

/* `in`: the pictures; `out`: a number for each window. */
static inline Windows windows_of(const Plan *plan, const Instr *instr, ValueId in, ValueId out)
{
    const Value *x = plan_value(plan, in), *y = plan_value(plan, out);

    return (Windows){x->shape[2], x->shape[3], y->shape[2], y->shape[3],
                     (int64_t)instr->constants[POOL_SIDE]};
}

/* The upper left number of window `i`, counted over all pictures of all channels and examples. */
static inline int64_t window_corner(const Windows *w, int64_t i)
{
    int64_t x = i % w->out_width, y = i / w->out_width % w->out_height;
    int64_t picture = i / (w->out_width * w->out_height);

    return (picture * w->height + y * w->side) * w->width + x * w->side;
}

/* The window in which number `i` of the pictures lies; -1: none has room there. */
static inline int64_t window_around(const Windows *w, int64_t i)
{
    int64_t x = i % w->width / w->side, y = i / w->width % w->height / w->side;
    int64_t picture = i / (w->width * w->height);

    if (x >= w->out_width || y >= w->out_height)
        return -1;
    return (picture * w->out_height + y) * w->out_width + x;
}

#endif
