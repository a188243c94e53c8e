/* A step as few kernels: which neighbours become one, and never at the price of a bit.
 *
 * Elementwise instructions follow one another within a chain (map.cuh), also behind the product whose
 * sums they round; the sums of a bias's gradient come with the chain that makes dout; a cross entropy
 * is one kernel (loss.cu); the gradients' rounding, unscale and update are kernel A (unscale.cu), the
 * optimizer and the next step's casts kernel B (step.cu).
 */
#include "fuse.cuh"

#include <string.h>

enum {
    LARGE = 1 << 20, /* numbers from which a product's own rounding saves more than it costs */
    NARROW = 64,     /* outputs of a layer */
};

static Status launch_chain(Plan *plan, const void *work)
{
    return chain_run(plan, (const Chain *)work);
}

/* An instruction whose kernel takes what is fused behind it along. */
typedef struct Behind {
    int instr;
    Chain chain;
} Behind;

static Status launch_behind(Plan *plan, const void *work)
{
    const Behind *behind = (const Behind *)work;
    Status status;

    plan->round = 0;
    plan->behind = &behind->chain;
    status = op_run(plan, behind->instr);
    plan->behind = NULL;
    return status;
}

/* Column sums into their parts, which kernel A adds. */
static Status launch_sums(Plan *plan, const void *work)
{
    int instr = *(const int *)work;

    return plan->program.instrs[instr].op == OP_CONV2D_DB ? sums_conv2d_db(plan, instr)
                                                          : sums_layernorm_dw(plan, instr);
}

static Status launch_product(Plan *plan, const void *work)
{
    return product_run(plan, *(const int *)work);
}

static Status launch_stored(Plan *plan, const void *work)
{
    return product_launch(plan, *(Product *const *)work);
}

static Status launch_grads(Plan *plan, const void *work)
{
    const int *range = (const int *)work;

    return grads_run(plan, range[0], range[1]);
}

static Status launch_step(Plan *plan, const void *work)
{
    const StepEnd *end = (const StepEnd *)work;

    return step_run(plan, end->op, 0, (int)plan->segments.size(), end);
}

/* What is aside has ended before the next node begins. Where the newest waits for it, the next may begin
 * early (launch_early), which one that waits for two others may not. */
void nodes_join(Plan *plan)
{
    if (plan->nodes.back().side == SIDE_NONE)
        plan->nodes.back().side = SIDE_JOINS;
    else
        plan->join_next = true;
}

/* The next instruction that goes on elementwise from this value; -1: none does. */
static int follower(const Fuser *fuser, int after, ValueId value)
{
    for (int i = after; i < fuser->plan->program.instr_count; i++) {
        const Instr *instr = instr_at(fuser, i);

        if (fuser->done[(size_t)i] || instr->phase >= PHASE_UNSCALE || instr->out == NO_VALUE)
            continue;
        if (instr->op == OP_MSE_BACKWARD)
            continue; /* it reads the forward pass from far away */
        if (instr->in[0] == value && chain_is_stage(fuser->plan, i) &&
            fuser->plan->raws[(size_t)i] == NULL)
            return i;
    }
    return -1;
}

/* What goes on elementwise from an instruction joins its chain; returns what is stored last. */
static ValueId take_followers(Fuser *fuser, Chain *chain, int instr)
{
    ValueId value = instr_at(fuser, instr)->out;
    int next = follower(fuser, instr + 1, value);

    while (next >= 0 && chain->count < MOST_STAGES) {
        chain->stages[chain->count++] = chain_stage(fuser->plan, next);
        fuser->done[(size_t)next] = true;
        value = instr_at(fuser, next)->out;
        next = follower(fuser, next + 1, value);
    }
    return value;
}

static void extend(Fuser *fuser, Chain *chain, int instr)
{
    ValueId value = take_followers(fuser, chain, instr);

    node_add(fuser->plan, launch_chain, chain, sizeof *chain);
    fuser->chain = (Chain *)fuser->plan->nodes.back().work;
    fuser->chain_out = value;
    fuser->makers[(size_t)value] = fuser->chain;
}

/* Kernels that pass each number on through a chain (places_run, conv_places_run). */
static bool passes_on(OpKind op)
{
    static const OpKind ops[] = {
        OP_CONV2D,    OP_CONV2D_DX,        OP_MAXPOOL,         OP_MAXPOOL_BACKWARD,
        OP_AVGPOOL,   OP_AVGPOOL_BACKWARD, OP_LAYERNORM,       OP_LAYERNORM_DX,
        OP_DROPOUT,   OP_EMBEDDING,        OP_POSITION,        OP_ADD,
        OP_BATCHNORM, OP_BATCHNORM_DX,     OP_ATTENTION_QUERY, OP_ATTENTION_JOIN};

    for (OpKind passes : ops)
        if (op == passes)
            return true;
    return false;
}

static void add_behind(Fuser *fuser, int i)
{
    Behind behind = {i, chain_behind(fuser->plan, i)};

    take_followers(fuser, &behind.chain, i);
    node_add(fuser->plan, launch_behind, &behind, sizeof behind);
}

static void add_gather(Fuser *fuser, int i)
{
    const Instr *instr = instr_at(fuser, i);
    Plan *plan = fuser->plan;
    Chain chain = chain_begin(plan, i);

    chain.from = plan->arrays[(size_t)instr->out];
    chain.data = instr->constants[GATHER_TARGET] != 0.0 ? plan->data->targets : plan->data->inputs;
    chain.examples = plan_examples(plan, false);
    chain.stages[chain.count].kind = STAGE_COPY;
    chain.stages[chain.count++].out = chain.from;
    extend(fuser, &chain, i);
}

/* Large and uncounted: cuBLAS rounds, and saves the way of the sums through memory. */
static Status add_stored(Fuser *fuser, int i)
{
    Plan *plan = fuser->plan;
    const Instr *instr = instr_at(fuser, i);
    Product *product;
    Chain chain = {};
    int next;

    TRY(product_new(plan, i, PRODUCT_STORED, &plan->arrays[(size_t)instr->out], &product));
    plan->stored.push_back(product);
    node_add(plan, launch_stored, &product, sizeof product);
    next = follower(fuser, i + 1, instr->out);
    if (next < 0)
        return ok();
    chain = chain_begin(plan, next);
    chain.stages[chain.count++] = chain_stage(plan, next);
    fuser->done[(size_t)next] = true;
    extend(fuser, &chain, next);
    return ok();
}

static bool stores_itself(const Plan *plan, int i)
{
    const Value *out = plan_value(plan, plan->program.instrs[i].out);

    return plan->counters[(size_t)i] < 0 && value_count(out) >= LARGE && !plan->walks &&
           (out->format == FORMAT_FP16 || out->format == FORMAT_BF16);
}

static Status add_linear(Fuser *fuser, int i)
{
    Chain chain;

    if (stores_itself(fuser->plan, i))
        return add_stored(fuser, i);
    node_add(fuser->plan, launch_product, &i, sizeof i);
    chain = chain_begin(fuser->plan, i);
    chain.stages[chain.count++] = chain_stage(fuser->plan, i);
    extend(fuser, &chain, i);
    return ok();
}

static void add_bias_grad(Fuser *fuser, int i)
{
    Plan *plan = fuser->plan;
    const Instr *instr = instr_at(fuser, i);
    Chain sums = {}, *maker = fuser->makers[(size_t)instr->in[0]];

    if (maker != NULL && maker->sums == NULL) {
        maker->sums = plan->raws[(size_t)i];
        return;
    }
    sums.from = plan->arrays[(size_t)instr->in[0]];
    sums.scalars = plan->store->scalars;
    sums.state = plan->state;
    sums.sums = plan->raws[(size_t)i];
    node_add(plan, launch_chain, &sums, sizeof sums);
    if (sums.from.cols <= NARROW)
        node_aside(plan);
}

/* The gradient of a narrow layer's weights keeps few multiprocessors busy, so it runs beside others. */
static void add_weight_grad(Fuser *fuser, int i, bool aside)
{
    node_add(fuser->plan, launch_product, &i, sizeof i);
    fuser->done[(size_t)i] = true;
    if (aside || fuser->plan->arrays[(size_t)instr_at(fuser, i)->out].rows <= NARROW)
        node_aside(fuser->plan);
}

/* Kernel A for the segments from `first` on that have none yet. */
static void add_grads(Fuser *fuser, int first)
{
    int range[] = {first, fuser->looked};

    node_add(fuser->plan, launch_grads, range, sizeof range);
    fuser->looked = first;
}

/* The gradients of the segments from `first` on that have no kernel A yet, up to instruction `upto`. */
static bool are_made(const Fuser *fuser, int first, int upto)
{
    for (int i = upto + 1; i < fuser->plan->program.instr_count; i++)
        for (int s = first; s < fuser->looked && !fuser->done[(size_t)i]; s++)
            if (instr_at(fuser, i)->out == fuser->plan->segments[(size_t)s].grad_id)
                return false;
    return true;
}

/* Kernel A for the layers that are done, beside the products of those before, where it is worth a kernel
 * of its own. `i`: the gradient of a bias, the last of its layer. */
static void look_aside(Fuser *fuser, int i)
{
    Plan *plan = fuser->plan;
    int first = plan_segment(plan, instr_at(fuser, i)->out) - 1, tiles = 0;

    for (int s = first; s < fuser->looked; s++)
        tiles += plan->segments[(size_t)s].tiles;
    if (first <= 0 || tiles < LARGE / 128 || !are_made(fuser, first, i))
        return;
    add_grads(fuser, first);
    node_aside(plan);
}

/* A product that leaves multiprocessors idle runs beside that for the layer's input. */
static void add_weight_grad_first(Fuser *fuser, int i)
{
    Plan *plan = fuser->plan;

    if (i + 1 < plan->program.instr_count && instr_at(fuser, i + 1)->op == OP_LINEAR_DW &&
        value_count(plan_value(plan, instr_at(fuser, i + 1)->out)) <= LARGE)
        add_weight_grad(fuser, i + 1, true);
}

static Status add(Fuser *fuser, int i)
{
    const Instr *instr = instr_at(fuser, i);
    Plan *plan = fuser->plan;

    if (instr->phase >= PHASE_UNSCALE)
        return ok(); /* kernels A and B */
    if (instr->op == OP_GATHER && instr->constants[GATHER_TARGET] != 0.0 &&
        plan->data->labels != NULL)
        return ok(); /* the step's beginning */
    if (instr->op == OP_GATHER && plan->data->text_count == 0)
        add_gather(fuser, i);
    else if (instr->op == OP_LINEAR_DX) {
        add_weight_grad_first(fuser, i);
        return add_linear(fuser, i);
    } else if (instr->op == OP_LINEAR || instr->op == OP_LINEAR_DX)
        return add_linear(fuser, i);
    else if (instr->op == OP_LINEAR_DW)
        add_weight_grad(fuser, i, false);
    else if (instr->op == OP_LINEAR_DB) {
        add_bias_grad(fuser, i);
        look_aside(fuser, i);
    } else if (instr->op == OP_CONV2D_DW)
        node_add(plan, launch_product, &i, sizeof i);
    else if (instr->op == OP_CONV2D_DB || instr->op == OP_LAYERNORM_DW)
        node_add(plan, launch_sums, &i, sizeof i);
    else if (passes_on(instr->op))
        add_behind(fuser, i);
    else if (is_cross_entropy(fuser, i))
        add_cross_entropy(fuser, i);
    else if (chain_is_stage(plan, i)) {
        Chain chain = chain_begin(plan, i);

        chain.stages[chain.count++] = chain_stage(plan, i);
        extend(fuser, &chain, i);
    } else
        node_add_op(plan, i);
    return ok();
}

static void add_begin(Plan *plan)
{
    Begin begin = begin_work(plan, true);

    for (int i = 0; i < plan->program.instr_count && plan->data->labels != NULL; i++) {
        const Instr *instr = &plan->program.instrs[i];

        if (instr->op != OP_GATHER || instr->constants[GATHER_TARGET] == 0.0)
            continue;
        begin.labels = plan->data->labels;
        begin.examples = plan_examples(plan, false);
        begin.target = (float *)plan->arrays[(size_t)instr->out].data;
        begin.rows = plan->arrays[(size_t)instr->out].rows;
    }
    begin_add(plan, &begin);
    node_aside(plan);
}

Status plan_fuse(Plan *plan)
{
    const Program *program = &plan->program;
    Fuser fuser = {plan,
                   std::vector<bool>((size_t)program->instr_count + 1),
                   NO_VALUE,
                   NULL,
                   std::vector<Chain *>((size_t)program->value_count + 1),
                   (int)plan->segments.size(),
                   step_end(plan)};

    add_begin(plan);
    for (int i = program_phase(program, PHASE_FORWARD); i < program->instr_count; i++)
        if (!fuser.done[(size_t)i])
            TRY(add(&fuser, i));
    nodes_join(plan);
    add_grads(&fuser, 0);
    node_add(plan, launch_step, &fuser.end, sizeof fuser.end);
    return ok();
}
