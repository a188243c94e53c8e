/* The list of what a step launches, and the CUDA graph made of it. */
#include "begin.cuh"

#include <stdlib.h>
#include <string.h>

static CudaOp *const ops[OP_COUNT] = {
#define CUDA_OP(constant, name) cuda_##name,
    OPS(CUDA_OP)
#undef CUDA_OP
};

Status op_run(Plan *plan, int instr)
{
    return ops[plan->program.instrs[instr].op](plan, instr);
}

typedef struct OpWork {
    int instr, round;
} OpWork;

static Status launch_op(Plan *plan, const void *work)
{
    const OpWork *op = (const OpWork *)work;

    plan->round = op->round;
    return op_run(plan, op->instr);
}

void node_add(Plan *plan, Status (*launch)(Plan *plan, const void *work), const void *work,
              size_t bytes)
{
    Node node = {launch, xcalloc(1, bytes + 1), plan->join_next ? SIDE_JOINS : SIDE_NONE};

    plan->join_next = false;
    if (bytes > 0)
        memcpy(node.work, work, bytes);
    plan->nodes.push_back(node);
}

void node_add_op(Plan *plan, int instr)
{
    node_add_round(plan, instr, 0);
}

void node_add_round(Plan *plan, int instr, int round)
{
    OpWork work = {instr, round};

    node_add(plan, launch_op, &work, sizeof work);
}

void node_aside(Plan *plan)
{
    plan->nodes.back().side = SIDE_FORKS;
}

void node_drop(Plan *plan)
{
    free(plan->nodes.back().work);
    plan->nodes.pop_back();
}

void nodes_free(Plan *plan)
{
    while (!plan->nodes.empty())
        node_drop(plan);
    if (plan->graph != NULL)
        cudaGraphExecDestroy(plan->graph);
}

/* Beside what follows it: from here on, until a node joins. */
static Status run_aside(Plan *plan, const Node *node)
{
    Backend *backend = plan->backend;
    cudaStream_t stream = backend->stream;
    void *workspace = backend->workspace;
    Status status;

    CUDA_TRY(backend, cudaEventRecord(backend->forked, stream), "a step was captured");
    CUDA_TRY(backend, cudaStreamWaitEvent(backend->side, backend->forked, 0),
             "a step was captured");
    backend->stream = backend->side;
    backend->workspace = backend->side_workspace;
    status = node->launch(plan, node->work);
    backend->stream = stream;
    backend->workspace = workspace;
    TRY(status);
    return cuda_status(backend, cudaEventRecord(backend->joined, backend->side),
                       "a step was captured");
}

Status nodes_run(Plan *plan)
{
    Backend *backend = plan->backend;
    bool apart = false;

    for (const Node &node : plan->nodes) {
        if (node.side == SIDE_FORKS) {
            TRY(run_aside(plan, &node));
            apart = true;
            continue;
        }
        if (node.side == SIDE_JOINS && apart) {
            CUDA_TRY(backend, cudaStreamWaitEvent(backend->stream, backend->joined, 0),
                     "a step was captured");
            apart = false;
            plan->joining = true;
        }
        TRY(node.launch(plan, node.work));
        plan->joining = false;
    }
    return ok();
}

Status nodes_capture(Plan *plan)
{
    Backend *backend = plan->backend;
    cudaGraph_t graph = NULL;
    cudaError_t error;
    Status status;

    CUDA_TRY(backend, cudaStreamBeginCapture(backend->stream, cudaStreamCaptureModeThreadLocal),
             "a step was captured");
    status = nodes_run(plan);
    error = cudaStreamEndCapture(backend->stream, &graph);
    if (!failed(status))
        status = cuda_status(backend, error, "a step was captured");
    if (!failed(status))
        status = cuda_status(backend, cudaGraphInstantiate(&plan->graph, graph, 0),
                             "the graph of a step");
    if (graph != NULL)
        cudaGraphDestroy(graph);
    return status;
}

/* cuBLAS's kernels take all shared memory there is. Ours ask for as much, for a multiprocessor that has to
 * divide it anew first ends all that it runs. */
Status launch_early(Plan *plan, const void *kernel, int blocks, size_t shared, void **arguments,
                    const char *what)
{
    Backend *backend = plan->backend;
    cudaLaunchConfig_t config = {};
    cudaLaunchAttribute early = {};

    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed =
        backend->capability >= 90 && backend->stream != backend->side && !plan->joining;
    config.gridDim = dim3((unsigned)blocks);
    config.blockDim = dim3(THREADS);
    config.dynamicSmemBytes = shared;
    config.stream = backend->stream;
    config.attrs = &early;
    config.numAttrs = 1;
    CUDA_TRY(backend,
             cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                                  cudaSharedmemCarveoutMaxShared),
             what);
    return cuda_status(backend, cudaLaunchKernelExC(&config, kernel, arguments), what);
}
