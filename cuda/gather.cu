/* gather: the examples of this step, or their targets; src/cpu/gather.c. */
#include "map.cuh"

/* Labels become floats, one a row. */
static __global__ void labels_kernel(Examples examples, const Scalars *scalars,
                                     const int32_t *labels, float *out, int rows)
{
    int row = blockIdx.x * blockDim.x + threadIdx.x;

    if (row < rows)
        out[row] = (float)labels[example_of(examples, scalars, row)];
}

static Status gather_labels(Plan *plan, const Instr *instr)
{
    const Array *out = &plan->arrays[instr->out];

    labels_kernel<<<(out->rows + THREADS - 1) / THREADS, THREADS, 0, plan->backend->stream>>>(
        plan_examples(plan, instr->constants[GATHER_HELD_OUT] != 0.0), plan->store->scalars,
        plan->data->labels, (float *)out->data, out->rows);
    return cuda_launched(plan->backend, "the labels were fetched");
}

/* Windows of a text: an order's places are where they begin, held-out ones lie side by side. */
typedef struct TextWork {
    Examples examples;
    const Scalars *scalars;
    const float *text; /* from its first target on, where targets are fetched */
    int64_t held_out_from;
    Array out;
} TextWork;

static __global__ void __launch_bounds__(THREADS) text_kernel(const __grid_constant__ TextWork work)
{
    int count = work.out.rows * work.out.cols;

    for (int at = blockIdx.x * THREADS + threadIdx.x; at < count; at += gridDim.x * THREADS) {
        int row = at / work.out.cols, col = at % work.out.cols;
        int64_t from = example_of(work.examples, work.scalars, row);

        if (work.examples.held_out)
            from = work.held_out_from + (from - work.examples.train_count) * work.out.cols;
        ((float *)work.out.data)[at] = work.text[from + col];
    }
}

static Status gather_text(Plan *plan, const Instr *instr)
{
    TextWork work = {};
    int blocks;

    work.examples = plan_examples(plan, instr->constants[GATHER_HELD_OUT] != 0.0);
    work.scalars = plan->store->scalars;
    work.text = plan->data->inputs + (instr->constants[GATHER_TARGET] != 0.0);
    work.held_out_from = plan->data->held_out_from;
    work.out = plan->arrays[instr->out];
    blocks = plan_blocks(plan, (int64_t)work.out.rows * work.out.cols, 1);
    text_kernel<<<blocks, THREADS, 0, plan->backend->stream>>>(work);
    return cuda_launched(plan->backend, "a text was fetched");
}

Status cuda_gather(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    bool target = of->constants[GATHER_TARGET] != 0.0;
    Chain chain = chain_begin(plan, instr);

    if (plan->data->text_count > 0)
        return gather_text(plan, of);
    if (target && plan->data->labels != NULL)
        return gather_labels(plan, of);
    chain.from = plan->arrays[of->out];
    chain.from.cols = chain.from.stride =
        chain.from.cols * (chain.from.rows / (int)plan->program.batch);
    chain.from.rows = (int)plan->program.batch; /* an example of a sequence is several rows of it */
    chain.data = target ? plan->data->targets : plan->data->inputs;
    chain.examples = plan_examples(plan, of->constants[GATHER_HELD_OUT] != 0.0);
    chain.stages[0].kind = STAGE_COPY;
    chain.stages[0].out = chain.from;
    chain.count = 1;
    return chain_run(plan, &chain);
}
