/* Where everything lies: values, counters, sums, and the table of parameters. */
#include "fp8.cuh"
#include "map.cuh"

#include <string.h>

extern "C" {
#include "numerics/format.h"
#include "program/cost.h"
}

enum { MOST_MASS_SLOTS = 4 }; /* blocks of a counting kernel, for each multiprocessor */

static int64_t padded(int64_t count, int64_t to)
{
    return (count + to - 1) / to * to;
}

Status plan_room(Plan *plan, MemoryKind kind, size_t bytes, void **room)
{
    Backend *backend = plan->backend;

    bytes = (size_t)padded((int64_t)bytes + 1, 256);
    CUDA_TRY(backend, cudaMalloc(room, bytes), "this network at this batch");
    plan->blocks.push_back(*room);
    plan->bytes[kind] += (int64_t)bytes;
    return cuda_status(backend, cudaMemsetAsync(*room, 0, bytes, backend->stream),
                       "clearing memory");
}

static bool is_narrow_format(Format format)
{
    return format == FORMAT_FP16 || format == FORMAT_BF16;
}

Array array_of(const Value *value)
{
    int64_t count = value_count(value), rows = value_rows(value);
    Array array = {};

    array.format = value->format;
    array.rows = (int)rows;
    array.cols = (int)(count / rows);
    array.stride = (int)(value->format == FORMAT_FP32 || value->format == FORMAT_TF32
                             ? array.cols
                             : padded(array.cols, 16));
    return array;
}

size_t array_bytes(const Array *array)
{
    bool narrow = is_narrow_format(array->format), fp8 = format_is_fp8(array->format);
    int64_t rows = fp8 || (narrow && array->rows > 1) ? padded(array->rows, 16) : array->rows;

    return (size_t)(rows * array->stride) * (fp8 ? 1 : narrow ? 2 : sizeof(float));
}

static Status lay_value(Plan *plan, ValueId id, Array *array)
{
    const Value *value = plan_value(plan, id);
    Value lies = *value;
    size_t bytes;

    lies.format = plan->carried[(size_t)id] ? FORMAT_BF16 : value->format;
    *array = array_of(&lies);
    bytes = array_bytes(array);
    if (!value_lasts(value))
        return plan_room(plan, memory_kind(value), bytes, &array->data);
    plan->bytes[memory_kind(value)] += (int64_t)bytes;
    return store_find(plan->store, value->name, array);
}

int raw_stride(const Array *out, Format format)
{
    return is_narrow_format(format) ? (int)padded(out->cols, 16) : out->cols;
}

static size_t raw_bytes(const Array *out)
{
    return (size_t)padded(out->rows, 16) * (size_t)padded(out->cols, 16) * sizeof(float);
}

int plan_parts(const Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    int rows = of->in[0] != NO_VALUE ? plan->arrays[(size_t)of->in[0]].rows : 0;

    if (of->op == OP_LINEAR_DB || of->op == OP_LAYERNORM_DW)
        return (rows + SUM_PART - 1) / SUM_PART;
    if (of->op == OP_CONV2D_DB)
        return (rows + CONV_DB_EXAMPLES - 1) / CONV_DB_EXAMPLES;
    return 1;
}

static bool is_in_parts(OpKind op)
{
    return op == OP_LINEAR_DB || op == OP_LAYERNORM_DW || op == OP_CONV2D_DB;
}

/* A result in fp32 takes its sums itself; other gradients of parameters have their own room for them, and
 * all other products one in common. */
static Status lay_raw(Plan *plan, int instr, float *common)
{
    const Instr *of = &plan->program.instrs[instr];
    const Array *out;

    /* Sums of the other two of a convolution stay in registers, and attention's are rounded where they are
     * made. */
    if ((!op_is_product(of->op) && !is_in_parts(of->op)) || of->op == OP_CONV2D ||
        of->op == OP_CONV2D_DX || op_is_head_product(of->op))
        return ok();
    out = &plan->arrays[(size_t)of->out];
    if (is_in_parts(of->op))
        return plan_room(plan, MEMORY_WORKSPACE,
                         (size_t)plan_parts(plan, instr) * (size_t)out->cols * sizeof(float),
                         (void **)&plan->raws[(size_t)instr]);
    if (out->format == FORMAT_FP32)
        plan->raws[(size_t)instr] = (float *)out->data;
    else if (of->op == OP_LINEAR || of->op == OP_LINEAR_DX)
        plan->raws[(size_t)instr] = common;
    else
        return plan_room(plan, MEMORY_WORKSPACE, raw_bytes(out),
                         (void **)&plan->raws[(size_t)instr]);
    return ok();
}

static Status lay_convolutions(Plan *plan)
{
    size_t most = 0, bytes;

    for (int i = 0; i < plan->program.instr_count; i++) {
        if (plan->program.instrs[i].op != OP_CONV2D_DW)
            continue;
        TRY(conv_dw_room(plan, i, &bytes));
        most = bytes > most ? bytes : most;
    }
    return most == 0 ? ok() : plan_room(plan, MEMORY_WORKSPACE, most, (void **)&plan->conv_sums);
}

static Status lay_raws(Plan *plan)
{
    const Program *program = &plan->program;
    size_t most = 1;
    float *common;

    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];

        if (instr->op != OP_LINEAR && instr->op != OP_LINEAR_DX)
            continue;
        if (plan->arrays[(size_t)instr->out].format != FORMAT_FP32)
            most = raw_bytes(&plan->arrays[(size_t)instr->out]) > most
                       ? raw_bytes(&plan->arrays[(size_t)instr->out])
                       : most;
    }
    TRY(plan_room(plan, MEMORY_WORKSPACE, most, (void **)&common));
    plan->raws.assign((size_t)program->instr_count + 1, NULL);
    for (int i = 0; i < program->instr_count; i++)
        TRY(lay_raw(plan, i, common));
    return ok();
}

static uint32_t pattern(double value)
{
    float narrow = (float)value;
    uint32_t bits;

    memcpy(&bits, &narrow, sizeof bits);
    return bits & 0x7FFFFFFFu;
}

CountEdges edges_of(Format format)
{
    const FormatInfo *info = &format_table[format];
    CountEdges edges = {};

    edges.zero_upto = pattern(info->zero_upto);
    edges.normal_from = pattern(info->normal_from);
    edges.min_normal = pattern(info->min_normal);
    edges.overflow_from = pattern(info->overflow_from);
    edges.overflow_bin = info->max_exponent + 1 - EXPONENT_LEAST;
    edges.normal_bin = info->min_exponent - EXPONENT_LEAST;
    edges.zero_bin = info->zero_upto == 0.0 ? 0 : info->least_exponent - 1 - EXPONENT_LEAST;
    edges.max_bin_end = ((uint32_t)info->max_exponent + 1 + 127) << 23;
    return edges;
}

static Status lay_counters(Plan *plan)
{
    const Program *program = &plan->program;
    std::vector<CountEdges> edges, blamed; /* fp8 is clamped, which nobody is blamed for */
    std::vector<int> instrs;
    size_t masses;

    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];

        plan->counters.push_back(instr->counted ? plan->counted++ : -1);
        if (!instr->counted)
            continue;
        /* A step of an optimizer tells its classes by fp16's edges (step_low.cu). */
        edges.push_back(
            edges_of(instr->out == NO_VALUE ? FORMAT_FP16 : plan_value(plan, instr->out)->format));
        blamed.push_back(instr->op == OP_CAST_FP8 ? edges_of(FORMAT_FP32) : edges.back());
        instrs.push_back(i);
    }
    plan->edges = edges;
    plan->mass_slots = plan->backend->multiprocessors * MOST_MASS_SLOTS;
    masses = 2 * (size_t)plan->counted * (size_t)plan->mass_slots * sizeof(Mass);
    TRY(plan_room(plan, MEMORY_COUNTERS, 2 * (size_t)plan->counted * sizeof(Tally),
                  (void **)&plan->tallies));
    TRY(plan_room(plan, MEMORY_COUNTERS, masses, (void **)&plan->masses));
    TRY(plan_room(plan, MEMORY_COUNTERS, edges.size() * sizeof edges[0],
                  (void **)&plan->device_edges));
    TRY(plan_room(plan, MEMORY_COUNTERS, instrs.size() * sizeof instrs[0],
                  (void **)&plan->device_instrs));
    CUDA_TRY(plan->backend,
             cudaMemcpyAsync(plan->device_edges, blamed.data(), edges.size() * sizeof edges[0],
                             cudaMemcpyHostToDevice, plan->backend->stream),
             "a plan was made");
    CUDA_TRY(plan->backend,
             cudaMemcpyAsync(plan->device_instrs, instrs.data(), instrs.size() * sizeof instrs[0],
                             cudaMemcpyHostToDevice, plan->backend->stream),
             "a plan was made");
    return cuda_settle(plan->backend);
}

Counter plan_counter(const Plan *plan, int instr)
{
    int place = plan->counters[(size_t)instr];
    Counter counter = {};

    if (place < 0)
        return counter;
    counter.tally = plan->tallies + place;
    counter.mass = plan->masses + (int64_t)place * plan->mass_slots;
    counter.tallies = plan->counted;
    counter.masses = (int64_t)plan->counted * plan->mass_slots;
    counter.edges = plan->edges[(size_t)place];
    return counter;
}

/* The instruction that writes this value; -1: none does. */
static int writer(const Plan *plan, ValueId id)
{
    for (int i = 0; i < plan->program.instr_count; i++)
        if (plan->program.instrs[i].out == id)
            return i;
    return -1;
}

static void add_copy(const Plan *plan, ValueId master, Segment *segment)
{
    for (int i = 0; i < plan->program.instr_count; i++) {
        const Instr *instr = &plan->program.instrs[i];

        if (instr->phase != PHASE_CAST || instr->op != OP_CAST || instr->in[0] != master)
            continue;
        segment->copy = plan->arrays[(size_t)instr->out];
        segment->copy_counter = plan_counter(plan, i);
    }
}

static void add_segment(Plan *plan, const Instr *step)
{
    int grad = writer(plan, step->in[1]);
    Segment segment = {};

    segment.weight = (float *)plan->arrays[(size_t)step->in[0]].data;
    segment.grad_id = step->in[1];
    segment.grad = plan->arrays[(size_t)step->in[1]];
    for (int s = 0; s < 2; s++)
        if (step->in[2 + s] != NO_VALUE)
            segment.state[s] = (float *)plan->arrays[(size_t)step->in[2 + s]].data;
    if (grad >= 0) {
        segment.raw = plan->raws[(size_t)grad];
        segment.raw_stride = raw_stride(&segment.grad, segment.grad.format);
        segment.parts = plan_parts(plan, grad);
        segment.grad_counter = plan_counter(plan, grad);
    }
    add_copy(plan, step->in[0], &segment);
    segment.first_tile = plan->tiles;
    segment.tiles_across = (segment.grad.cols + TILE_COLS - 1) / TILE_COLS;
    segment.tiles = segment.tiles_across * ((segment.grad.rows + TILE_ROWS - 1) / TILE_ROWS);
    plan->tiles += segment.tiles;
    plan->segments.push_back(segment);
}

static Status lay_segments(Plan *plan)
{
    size_t bytes;

    for (int i = 0; i < plan->program.instr_count; i++)
        if (plan->program.instrs[i].phase == PHASE_STEP)
            add_segment(plan, &plan->program.instrs[i]);
    bytes = plan->segments.size() * sizeof(Segment);
    TRY(plan_room(plan, MEMORY_WORKSPACE, bytes, (void **)&plan->device_segments));
    TRY(plan_room(plan, MEMORY_WORKSPACE, (size_t)plan->tiles * sizeof(double),
                  (void **)&plan->squares));
    CUDA_TRY(plan->backend,
             cudaMemcpyAsync(plan->device_segments, plan->segments.data(), bytes,
                             cudaMemcpyHostToDevice, plan->backend->stream),
             "a plan was made");
    return cuda_settle(plan->backend);
}

Status plan_describe(Plan *plan, const void *description, size_t bytes, void **room)
{
    TRY(plan_room(plan, MEMORY_WORKSPACE, bytes, room));
    CUDA_TRY(
        plan->backend,
        cudaMemcpyAsync(*room, description, bytes, cudaMemcpyHostToDevice, plan->backend->stream),
        "a plan was made");
    return cuda_settle(plan->backend);
}

/* Of a value of the batch. */
static size_t most_rows(const Plan *plan)
{
    size_t most = (size_t)plan->program.batch;

    for (int i = 0; i < plan->program.value_count; i++)
        if (!value_lasts(&plan->program.values[i]) && (size_t)plan->arrays[(size_t)i].rows > most)
            most = (size_t)plan->arrays[(size_t)i].rows;
    return most;
}

Status plan_layout(Plan *plan)
{
    const Program *program = &plan->program;

    fp8_carry(plan);
    for (int i = 0; i < program->value_count; i++) {
        Array array = {};

        TRY(lay_value(plan, i, &array));
        plan->arrays.push_back(array);
    }
    TRY(plan_room(plan, MEMORY_WORKSPACE, sizeof(StepState), (void **)&plan->state));
    TRY(plan_room(plan, MEMORY_WORKSPACE, most_rows(plan) * sizeof(float),
                  (void **)&plan->row_losses));
    TRY(plan_room(plan, MEMORY_WORKSPACE, most_rows(plan) * 4 * sizeof(float), &plan->low_rows));
    TRY(fp8_lay(plan));
    TRY(lay_raws(plan));
    TRY(lay_convolutions(plan));
    TRY(lay_batchnorm(plan));
    TRY(lay_counters(plan));
    TRY(plan_room(plan, MEMORY_WORKSPACE, (size_t)plan->mass_slots * sizeof(double),
                  (void **)&plan->mse_slots));
    return lay_segments(plan);
}

int plan_segment(const Plan *plan, ValueId grad)
{
    for (size_t i = 0; i < plan->segments.size(); i++)
        if (plan->segments[i].grad_id == grad)
            return (int)i;
    return 0; /* a verified step takes gradients of parameters only */
}

int plan_blocks(const Plan *plan, int64_t items, int each)
{
    int64_t blocks = (items + (int64_t)THREADS * each - 1) / ((int64_t)THREADS * each);

    return (int)(blocks < 1 ? 1 : blocks < plan->mass_slots ? blocks : plan->mass_slots);
}

Examples plan_examples(const Plan *plan, bool held_out)
{
    const DeviceData *data = plan->data;
    Examples examples = {};

    examples.orders[0] = data->orders[0];
    examples.orders[1] = data->orders[1];
    examples.train_count = data->train_count;
    examples.test_count = data->test_count;
    examples.first = held_out ? 0 : plan->round * plan->program.batch;
    examples.held_out = held_out;
    return examples;
}
