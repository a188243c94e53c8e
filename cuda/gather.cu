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

Status cuda_gather(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    bool target = of->constants[GATHER_TARGET] != 0.0;
    Chain chain = chain_begin(plan, instr);

    if (target && plan->data->labels != NULL)
        return gather_labels(plan, of);
    chain.from = plan->arrays[of->out];
    chain.data = target ? plan->data->targets : plan->data->inputs;
    chain.examples = plan_examples(plan, of->constants[GATHER_HELD_OUT] != 0.0);
    chain.stages[0].kind = STAGE_COPY;
    chain.stages[0].out = chain.from;
    chain.count = 1;
    return chain_run(plan, &chain);
}
