/* How a step begins: see begin.cu. */
#ifndef CUDA_BEGIN_CUH
#define CUDA_BEGIN_CUH

#include "tile.cuh"

typedef struct Begin {
    StepEnd end;
    Tally *tallies;
    Mass *masses;
    int counted, mass_slots;
    bool clear_next; /* the counts of the next step, where this one's hold its casts already */
    Examples examples;
    const int32_t *labels; /* NULL: none to fetch */
    float *target;
    int rows;
} Begin;

Begin begin_work(const Plan *plan, bool clear_next);
Status begin_run(Plan *plan, const Begin *begin);

/* As a node of the plan. */
void begin_add(Plan *plan, const Begin *begin);

#endif
