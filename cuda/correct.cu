/* correct: counts the rows whose largest number stands at the label; src/cpu/correct.c. */
#include "plan.h"

typedef struct CorrectWork {
    Array logits;
    const float *labels;
    Scalars *scalars;
    int64_t test_count;
    int each; /* rows of an example */
} CorrectWork;

/* As PyTorch: a nan is the largest, and of equals the first is taken. */
template <Format F> static __device__ int argmax(const Array &logits, int row)
{
    float most = load_at<F>(logits, row, 0);
    int best = 0;

    for (int col = 1; col < logits.cols; col++) {
        float x = load_at<F>(logits, row, col);

        if (x > most || (isnan(x) && !isnan(most))) {
            most = x;
            best = col;
        }
    }
    return best;
}

template <Format F> static __global__ void correct_kernel(const __grid_constant__ CorrectWork work)
{
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    bool counts =
        row < work.logits.rows && row / work.each < work.test_count - work.scalars->test_position;

    if (counts && argmax<F>(work.logits, row) == (int)work.labels[row])
        atomicAdd((unsigned long long *)&work.scalars->correct, 1ull);
}

Status cuda_correct(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    CorrectWork work = {plan->arrays[of->in[0]], (const float *)plan->arrays[of->in[1]].data,
                        plan->store->scalars, plan->data->test_count, 1};
    int blocks = (work.logits.rows + THREADS - 1) / THREADS;

    work.each = work.logits.rows / (int)plan_value(plan, of->in[0])->shape[0];
    if (plan->low == FORMAT_BF16)
        correct_kernel<FORMAT_BF16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    else
        correct_kernel<FORMAT_FP16><<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    return cuda_launched(plan->backend, "answers were counted");
}
