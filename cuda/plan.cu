/* A program made ready: its memory, its kernels, the graph of a step, and steps in flight. */
#include "begin.cuh"
#include "clip.cuh"
#include "low.cuh"
#include "matmul.cuh"
#include "update.cuh"
#include "walk.cuh"

#include <stdlib.h>
#include <string.h>

/* What products take their operands in: any narrower format among the values; with fp8, what they give. */
static Format low_of(const Program *program)
{
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i].format != FORMAT_FP32 && program->values[i].role != ROLE_STATE)
            return format_is_fp8(program->values[i].format) ? FORMAT_BF16
                                                            : program->values[i].format;
    return FORMAT_FP32;
}

static Status check_formats(const Backend *backend, Format low)
{
    if (low != FORMAT_FP32 && low != FORMAT_TF32 && low != FORMAT_FP16 && low != FORMAT_BF16)
        return fail(STATUS_UNSUPPORTED, "cuda does not compute in %s yet; take fp16 or bf16",
                    format_name(low));
    if (low != FORMAT_FP32 && low != FORMAT_FP16 && backend->capability < 80)
        return fail(STATUS_UNSUPPORTED,
                    "this GPU (%.40s, compute capability %d.%d) is too old for %s; take fp16, or "
                    "say backend cpu",
                    backend->name, backend->capability / 10, backend->capability % 10,
                    format_name(low));
    return ok();
}

/* What moves more than fp32 numbers is no part of kernel B. */
static bool has_low_steps(const Program *program)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].phase == PHASE_STEP && step_is_low(program, &program->instrs[i]))
            return true;
    return false;
}

/* A block of kernels A and B has room for so many parameters. */
static bool has_too_many(const Program *program)
{
    return program->param_count > MOST_SEGMENTS;
}

static Status prepare(Plan *plan)
{
    const Program *program = &plan->program;

    plan->low = low_of(program);
    TRY(check_formats(plan->backend, plan->low));
    plan->is_step =
        program->instr_count > 0 && program->instrs[program->instr_count - 1].op == OP_UPDATE;
    plan->plain = !plan->backend->fuse || has_low_steps(program) || has_too_many(program) ||
                  low_departs(program, plan->low) || clip_of(plan).kind != CLIPS_NOT ||
                  program_rounds(program) > 1;
    plan->walks = !low_departs(program, plan->low) && walk_fits(plan);
    if (plan->is_step)
        TRY(ring_new(plan));
    TRY(plan_layout(plan));
    plan->products.assign((size_t)program->instr_count + 1, NULL);
    for (int i = 0; i < program->instr_count; i++) {
        if (op_is_product(program->instrs[i].op) && !op_is_head_product(program->instrs[i].op))
            TRY(product_prepare(plan, i));
    }
    return cuda_settle(plan->backend);
}

static Status launch_loss_sum(Plan *plan, const void *work)
{
    return loss_sum_add(plan, *(const int *)work);
}

static void plain_nodes(Plan *plan)
{
    const Program *program = &plan->program;
    int forward = program_phase(program, PHASE_FORWARD);
    int behind = program_phase(program, PHASE_UNSCALE), last = program_rounds(program) - 1;
    Begin begin = begin_work(plan, false);

    begin_add(plan, &begin);
    for (int i = 0; i < forward; i++)
        node_add_op(plan, i);
    for (int round = 0; round < last; round++) {
        for (int i = forward; i < behind; i++)
            node_add_round(plan, i, round);
        node_add(plan, launch_loss_sum, &round, sizeof round);
    }
    for (int i = forward; i < program->instr_count; i++)
        node_add_round(plan, i, last);
}

static Status make_nodes(Plan *plan)
{
    if (!plan->is_step)
        return ok();
    if (plan->plain)
        plain_nodes(plan);
    else if (plan->walks)
        TRY(walk_fuse(plan));
    else
        TRY(plan_fuse(plan));
    return nodes_capture(plan);
}

Status cuda_plan_new(Backend *backend, const Program *program, Store *store, DeviceData *data,
                     Plan **plan)
{
    Plan *made = new Plan();
    Status status;

    made->backend = backend;
    made->store = store;
    made->data = data;
    made->program = program_copy(program);
    made->version = -1;
    status = backend_use(backend);
    if (!failed(status))
        status = prepare(made);
    if (!failed(status))
        status = make_nodes(made);
    if (failed(status)) {
        cuda_plan_free(made);
        return status;
    }
    *plan = made;
    return ok();
}

/* What a step that was begun in parts has moved is as it was before. */
static Status drop(Plan *plan)
{
    bool moved = plan->moved;

    plan->moved = false;
    plan->reached = 0;
    return moved ? running_keep(plan, true) : ok();
}

void cuda_plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    (void)failed(drop(plan)); /* a device that is lost has nothing to put back */
    cudaStreamSynchronize(plan->backend->stream);
    nodes_free(plan);
    for (Product *product : plan->products)
        product_free(product);
    for (Product *product : plan->stored)
        product_free(product);
    for (void *block : plan->blocks)
        cudaFree(block);
    cudaFreeHost(plan->host_counts);
    cudaFreeHost(plan->ring);
    program_release(&plan->program);
    delete plan;
}

/* Low copies of weights that came from outside, with their counts, before a step that has none. */
static Status make_copies(Plan *plan)
{
    Begin begin = begin_work(plan, false);
    int forward = program_phase(&plan->program, PHASE_FORWARD);

    if (plan->plain || plan->version == plan->store->version)
        return ok();
    TRY(begin_run(plan, &begin));
    for (int i = 0; i < forward; i++)
        TRY(op_run(plan, i));
    plan->version = plan->store->version;
    return ok();
}

static bool is_interrupted(const Backend *backend)
{
    return backend->interrupted != NULL && backend->interrupted(backend->context);
}

static Status interrupted(void)
{
    return fail(STATUS_INTERRUPTED,
                "interrupted within a step, which left no trace; train goes on");
}

Status cuda_plan_step(Plan *plan)
{
    Backend *backend = plan->backend;

    if (is_interrupted(backend))
        return interrupted();
    TRY(backend_use(backend));
    TRY(drop(plan));
    TRY(ring_wait(plan));
    TRY(make_copies(plan));
    CUDA_TRY(backend, cudaGraphLaunch(plan->graph, backend->stream), "a step started");
    plan->started++;
    plan->completed = true;
    plan->counts_fresh = false;
    return ok();
}

static Status run_some(Plan *plan, int first, int last)
{
    for (int i = first; i < last; i++) {
        if (plan->program.instrs[i].phase < PHASE_STEP && is_interrupted(plan->backend)) {
            TRY(drop(plan));
            return interrupted();
        }
        TRY(op_run(plan, i));
        plan->started += plan->program.instrs[i].op == OP_UPDATE;
    }
    return ok();
}

/* All rounds but the last. */
static Status run_rounds(Plan *plan, int forward)
{
    int last = program_rounds(&plan->program) - 1;

    for (plan->round = 0; plan->round != last; plan->round++) {
        TRY(run_some(plan, forward, program_phase(&plan->program, PHASE_UNSCALE)));
        TRY(loss_sum_add(plan, plan->round));
    }
    return ok();
}

Status cuda_plan_run(Plan *plan, int first, int last)
{
    int forward = program_phase(&plan->program, PHASE_FORWARD);
    Begin begin = begin_work(plan, false);

    TRY(backend_use(plan->backend));
    plan->version = -1;
    plan->counts_fresh = false;
    if (first == 0) {
        TRY(drop(plan));
        TRY(running_keep(plan, false));
        plan->round = 0; /* it stands at the last of the step before */
        TRY(begin_run(plan, &begin));
    }
    plan->reached = 0;
    plan->moved = last > 0;
    if (first <= forward && forward < last) {
        TRY(run_some(plan, first, forward));
        TRY(run_rounds(plan, forward));
        first = forward;
    }
    TRY(run_some(plan, first, last));
    plan->completed = plan->completed || last == plan->program.instr_count;
    plan->reached = last < plan->program.instr_count ? last : 0;
    plan->moved = plan->reached > 0;
    return cuda_settle(plan->backend);
}

void cuda_plan_memory(const Plan *plan, int64_t bytes[MEMORY_KINDS])
{
    memcpy(bytes, plan->bytes, MEMORY_KINDS * sizeof *bytes);
    bytes[MEMORY_WORKSPACE] += 2 * WORKSPACE_BYTES;
    bytes[MEMORY_DATA] = plan->data->bytes;
    bytes[MEMORY_RUNTIME] = (int64_t)plan->backend->runtime_bytes;
}
