/* add: the sum of two in fp32, rounded once; src/cpu/add.c. */
#include "places.cuh"

typedef struct AddWork {
    Array a, b;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        return load_at<F>(a, row, col) + load_at<F>(b, row, col);
    }
} AddWork;

Status cuda_add(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    AddWork work = {};

    work.a = plan->arrays[(size_t)of->in[0]];
    work.b = plan->arrays[(size_t)of->in[1]];
    return places_run(plan, instr, &work);
}
