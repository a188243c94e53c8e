/* Which programs are small networks that two kernels can compute, and what those kernels are told. */
#include "walk.cuh"

#include <string.h>

enum { MOST_SHARED = 220 << 10, MOST_ROWS = 512, MOST_WEIGHTS = 1 << 20 };
enum { MOST_TALLIES = 3 + 4 * WALK_LAYERS };

/* A program as it is read off, instruction by instruction; `at` < 0: it is none of ours. */
typedef struct Reader {
    const Plan *plan;
    int at;
} Reader;

static const Instr *take(Reader *reader, OpKind op)
{
    const Program *program = &reader->plan->program;
    const Instr *instr;

    if (reader->at < 0 || reader->at >= program->instr_count)
        return NULL;
    instr = &program->instrs[reader->at];
    if (instr->op != op)
        return NULL;
    reader->at++;
    return instr;
}

static bool comes(const Reader *reader, OpKind op)
{
    const Program *program = &reader->plan->program;

    return reader->at < program->instr_count && program->instrs[reader->at].op == op;
}

typedef struct Activation {
    OpKind op, backward;
    StageKind stage, slope;
    bool of_output;
} Activation;

static const Activation activations[] = {
    {OP_RELU, OP_RELU_BACKWARD, STAGE_RELU, STAGE_RELU_BACKWARD, false},
    {OP_GELU, OP_GELU_BACKWARD, STAGE_GELU, STAGE_GELU_BACKWARD, false},
    {OP_TANH, OP_TANH_BACKWARD, STAGE_TANH, STAGE_TANH_BACKWARD, true},
};

/* Places of a layer's instructions in the program; -1: none. */
typedef struct Places {
    int linear, active, dx, slope, dw, db;
    const Activation *activation;
} Places;

typedef struct Outline {
    Places layers[WALK_LAYERS];
    int count, gather, low, log_softmax;
} Outline;

static bool read_forward(Reader *reader, Outline *outline)
{
    while (comes(reader, OP_LINEAR)) {
        Places *layer = &outline->layers[outline->count++];

        if (outline->count > WALK_LAYERS)
            return false;
        *layer = {reader->at++, -1, -1, -1, -1, -1, NULL};
        for (const Activation &activation : activations)
            if (layer->active < 0 && comes(reader, activation.op)) {
                layer->active = reader->at++;
                layer->activation = &activation;
            }
    }
    return outline->count > 0 && outline->layers[outline->count - 1].active < 0;
}

static bool read_loss(Reader *reader, Outline *outline)
{
    outline->log_softmax = reader->at;
    return take(reader, OP_LOG_SOFTMAX) && take(reader, OP_NLL) && take(reader, OP_SCALE) &&
           take(reader, OP_NLL_BACKWARD) && take(reader, OP_LOG_SOFTMAX_BACKWARD);
}

static bool read_backward(Reader *reader, Outline *outline)
{
    for (int l = outline->count - 1; l >= 0; l--) {
        Places *layer = &outline->layers[l], *below = &outline->layers[l - (l > 0)];

        layer->dx = l > 0 ? reader->at : -1;
        if (l > 0 && !take(reader, OP_LINEAR_DX))
            return false;
        layer->dw = reader->at;
        layer->db = reader->at + 1;
        if (!take(reader, OP_LINEAR_DW) || !take(reader, OP_LINEAR_DB))
            return false;
        if (l == 0 || below->activation == NULL)
            continue;
        below->slope = reader->at;
        if (!take(reader, below->activation->backward))
            return false;
    }
    return true;
}

static bool read(const Plan *plan, Outline *outline)
{
    Reader reader = {plan, program_phase(&plan->program, PHASE_FORWARD)};

    outline->gather = reader.at;
    if (!take(&reader, OP_GATHER) || !take(&reader, OP_GATHER))
        return false;
    outline->low = reader.at;
    return take(&reader, OP_CAST) && read_forward(&reader, outline) &&
           read_loss(&reader, outline) && read_backward(&reader, outline) &&
           (reader.at == program_phase(&plan->program, PHASE_UNSCALE) ||
            comes(&reader, OP_ACCUMULATE));
}

static int columns(const Value *value)
{
    return (int)(value_count(value) / value->shape[0]);
}

/* Widths decide, not settings: the same network takes the same way whatever is counted. */
static bool is_small(const Plan *plan, const Outline *outline)
{
    int64_t weights = 0;
    Walk walk = {};

    walk.count = outline->count;
    walk.tallies = MOST_TALLIES;
    for (int l = 0; l < outline->count; l++) {
        const Instr *linear = &plan->program.instrs[outline->layers[l].linear];
        const Value *weight = plan_value(plan, linear->in[1]);

        weights += value_count(weight);
        if (weights > MOST_WEIGHTS)
            return false;
        walk.layers[l].weight.rows = (int)weight->shape[0];
        walk.layers[l].weight.cols = columns(weight);
    }
    return walk.layers[walk.count - 1].weight.rows <= WALK_CLASSES &&
           walk_lay(&walk) <= MOST_SHARED && plan->program.batch <= MOST_ROWS &&
           plan->program.batch * weights <= (int64_t)64 * MOST_WEIGHTS;
}

bool walk_fits(const Plan *plan)
{
    Outline outline = {};

    return plan->is_step && plan->backend->capability >= 90 &&
           (plan->low == FORMAT_FP16 || plan->low == FORMAT_BF16) && plan->data->labels != NULL &&
           read(plan, &outline) && is_small(plan, &outline);
}

static Spot spot_at(const Plan *plan, int instr, int *tallies)
{
    Spot spot = {};

    spot.tally = -1;
    if (instr < 0)
        return spot;
    spot.array = plan->arrays[(size_t)plan->program.instrs[instr].out];
    spot.counter = plan_counter(plan, instr);
    if (spot.counter.tally != NULL)
        spot.tally = (*tallies)++;
    return spot;
}

static WalkLayer layer_of(const Plan *plan, const Outline *outline, int l, int *tallies)
{
    const Places *places = &outline->layers[l];
    const Instr *linear = &plan->program.instrs[places->linear];
    bool last = l == outline->count - 1;
    WalkLayer layer = {};

    layer.weight = plan->arrays[(size_t)linear->in[1]];
    layer.bias = plan->arrays[(size_t)linear->in[2]];
    layer.activation = places->activation ? places->activation->stage : STAGE_COPY;
    layer.slope = places->activation ? places->activation->slope : STAGE_COPY;
    layer.slope_of_output = places->activation && places->activation->of_output;
    layer.out = spot_at(plan, places->linear, tallies);
    layer.active = spot_at(plan, places->active, tallies);
    layer.in_grad = spot_at(plan, places->dx, tallies);
    layer.out_grad = spot_at(plan, last ? outline->log_softmax + 4 : places->slope, tallies);
    return layer;
}

static Status launch_walk(Plan *plan, const void *work)
{
    return walk_run(plan, (const WalkRun *)work);
}

static Status launch_tail(Plan *plan, const void *work)
{
    return tail_run(plan, (const TailRun *)work);
}

static float *scalar_of(const Plan *plan, int instr)
{
    return (float *)plan->arrays[(size_t)plan->program.instrs[instr].out].data;
}

static Walk walk_of(const Plan *plan, const Outline *outline)
{
    Walk walk = {};

    walk.begin = begin_work(plan, true);
    walk.begin.labels = plan->data->labels;
    walk.begin.examples = plan_examples(plan, false);
    walk.begin.target = scalar_of(plan, outline->gather + 1);
    walk.inputs = plan->data->inputs;
    walk.x = plan->arrays[(size_t)plan->program.instrs[outline->gather].out];
    walk.rows = (int)plan->program.batch;
    walk.features = walk.x.cols;
    walk.low = spot_at(plan, outline->low, &walk.tallies);
    walk.edges = edges_of(walk.low.array.format);
    walk.count = outline->count;
    for (int l = 0; l < outline->count; l++)
        walk.layers[l] = layer_of(plan, outline, l, &walk.tallies);
    walk.log_softmax = spot_at(plan, outline->log_softmax, &walk.tallies);
    walk.log_softmax_grad = spot_at(plan, outline->log_softmax + 3, &walk.tallies);
    walk.slots = plan->row_losses;
    return walk;
}

static Tail tail_of(const Plan *plan, const Outline *outline)
{
    Tail tail = {};

    tail.end = step_end(plan);
    for (size_t i = 0; i < plan->segments.size(); i++)
        tail.segments[i] = plan->segments[i];
    tail.squares = plan->squares;
    tail.end.loss_slots = plan->row_losses;
    tail.end.loss = scalar_of(plan, outline->log_softmax + 1);
    tail.end.scaled = scalar_of(plan, outline->log_softmax + 2);
    tail.rows = (int)plan->program.batch;
    for (int l = 0; l < outline->count; l++) {
        const Instr *dw = &plan->program.instrs[outline->layers[l].dw];
        const Instr *db = &plan->program.instrs[outline->layers[l].db];
        TailGrad *weight = &tail.grads[plan_segment(plan, dw->out)];
        TailGrad *bias = &tail.grads[plan_segment(plan, db->out)];

        weight->dout = bias->dout = plan->arrays[(size_t)dw->in[0]];
        weight->x = plan->arrays[(size_t)dw->in[1]];
    }
    return tail;
}

Status walk_fuse(Plan *plan)
{
    Outline outline = {};
    WalkRun walk = {};
    TailRun tail = {};

    if (!read(plan, &outline))
        return fail(STATUS_UNSUPPORTED, "this network is no chain of linear layers");
    walk.walk = walk_of(plan, &outline);
    walk.bytes = walk_lay(&walk.walk);
    tail.tail = tail_of(plan, &outline);
    TRY(plan_describe(plan, &walk.walk, sizeof walk.walk, (void **)&walk.device));
    TRY(plan_describe(plan, &tail.tail, sizeof tail.tail, (void **)&tail.device));
    node_add(plan, launch_walk, &walk, sizeof walk);
    node_add(plan, launch_tail, &tail, sizeof tail);
    return ok();
}
