/* The loss of a fused step: see fuse.cu. */
#include "fuse.cuh"

static Status launch_loss(Plan *plan, const void *work)
{
    return loss_run(plan, (const Loss *)work);
}

/* log_softmax, nll, scale, nll_backward, log_softmax_backward, one after the other. */
bool is_cross_entropy(const Fuser *fuser, int i)
{
    static const OpKind ops[] = {OP_LOG_SOFTMAX, OP_NLL, OP_SCALE, OP_NLL_BACKWARD,
                                 OP_LOG_SOFTMAX_BACKWARD};

    if (i + 5 > fuser->plan->program.instr_count)
        return false;
    for (int k = 0; k < 5; k++)
        if (instr_at(fuser, i + k)->op != ops[k])
            return false;
    return true;
}

/* The newest chain does nothing but round the logits: the loss does it as well. */
static void take_logits(Fuser *fuser, Loss *loss, ValueId logits)
{
    Plan *plan = fuser->plan;
    const Chain *chain = fuser->chain;

    if (chain == NULL || fuser->chain_out != logits || chain->count != 1 ||
        chain->stages[0].kind != STAGE_BIAS ||
        plan->nodes.back().work != (const void *)fuser->chain)
        return;
    loss->raw = (const float *)chain->from.data;
    loss->raw_stride = chain->from.stride;
    loss->bias = chain->stages[0].aux;
    loss->counters[0] = chain->stages[0].counter;
    node_drop(plan);
    fuser->makers[(size_t)logits] = fuser->chain = NULL;
}

void add_cross_entropy(Fuser *fuser, int i)
{
    Plan *plan = fuser->plan;
    const Instr *first = instr_at(fuser, i);
    Loss loss = {};

    loss.logits = plan->arrays[(size_t)first->in[0]];
    loss.out = plan->arrays[(size_t)first->out];
    loss.target = plan->arrays[(size_t)instr_at(fuser, i + 1)->in[1]];
    fuser->end.loss_slots = plan->row_losses;
    fuser->end.loss_rows = (uint32_t)loss.logits.rows;
    fuser->end.loss = (float *)plan->arrays[(size_t)instr_at(fuser, i + 1)->out].data;
    fuser->end.scaled = (float *)plan->arrays[(size_t)instr_at(fuser, i + 2)->out].data;
    loss.out_grad = plan->arrays[(size_t)instr_at(fuser, i + 3)->out];
    loss.logits_grad = plan->arrays[(size_t)instr_at(fuser, i + 4)->out];
    loss.counters[1] = plan_counter(plan, i);
    loss.counters[2] = plan_counter(plan, i + 3);
    loss.counters[3] = plan_counter(plan, i + 4);
    loss.end = step_end(plan);
    loss.slots = plan->row_losses;
    take_logits(fuser, &loss, first->in[0]);
    nodes_join(plan);
    node_add(plan, launch_loss, &loss, sizeof loss);
    for (int k = 0; k < 5; k++)
        fuser->done[(size_t)(i + k)] = true;
}
