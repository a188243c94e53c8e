/* batchnorm, its statistics and gradients; src/cpu/batchnorm.c.
 *
 * Sums over a channel are taken in two stages: a block adds up a part of the channel's numbers, each thread
 * every THREADS-th in order and then halves of the threads; the parts are added in order by whoever reads
 * them. How many parts there are depends on shapes alone.
 */
#include "places.cuh"

#include <string.h>

enum { MOST_PARTS = 32, PART = 4 * THREADS }; /* of a channel; numbers that are worth one */

static const float batchnorm_eps = 1e-5f;

/* A channel's numbers: `places` neighbours in each of the rows. */
typedef struct Channels {
    int count, rows, places, parts;
} Channels;

static Channels channels_of(const Plan *plan, ValueId x, ValueId each)
{
    const Array &array = plan->arrays[(size_t)x];
    Channels channels = {(int)value_count(plan_value(plan, each)), array.rows, 0, 0};
    int64_t parts;

    channels.places = array.cols / channels.count;
    parts = ((int64_t)channels.rows * channels.places + PART - 1) / PART;
    channels.parts = (int)(parts < MOST_PARTS ? parts : MOST_PARTS);
    return channels;
}

typedef enum SumKind {
    SUM_PLAIN,  /* x */
    SUM_SQUARE, /* (x - mean)^2 */
    SUM_GRADS,  /* dout, and dout h */
} SumKind;

typedef struct SumWork {
    Array x, dout, mean, var;
    Channels channels;
    SumKind kind;
    float2 *parts; /* (channels, parts) */
} SumWork;

static __device__ __forceinline__ float batch_root(float var)
{
    return 1.0f / sqrtf(var + batchnorm_eps);
}

template <Format F>
static __device__ float2 part_sums(const SumWork &work, int channel, int first, int last)
{
    float mean = work.kind == SUM_PLAIN ? 0.0f : load_at<F>(work.mean, 0, channel);
    float root = work.kind == SUM_GRADS ? batch_root(load_at<F>(work.var, 0, channel)) : 0.0f;
    float2 sum = {0.0f, 0.0f};

    for (int i = first + (int)threadIdx.x; i < last; i += THREADS) {
        int row = i / work.channels.places;
        int col = channel * work.channels.places + i % work.channels.places;
        float away = load_at<F>(work.x, row, col) - mean;

        if (work.kind == SUM_PLAIN) {
            sum.x += away;
        } else if (work.kind == SUM_SQUARE) {
            sum.x += away * away;
        } else {
            float dout = load_at<F>(work.dout, row, col);

            sum.x += dout;
            sum.y += dout * (away * root);
        }
    }
    return sum;
}

template <Format F>
static __global__ void __launch_bounds__(THREADS) sums_kernel(const __grid_constant__ SumWork work)
{
    __shared__ float2 sums[THREADS];
    int channel = (int)blockIdx.x / work.channels.parts;
    int part = (int)blockIdx.x % work.channels.parts;
    int64_t numbers = (int64_t)work.channels.rows * work.channels.places;
    int first = (int)(numbers * part / work.channels.parts);
    int last = (int)(numbers * (part + 1) / work.channels.parts);

    sums[threadIdx.x] = part_sums<F>(work, channel, first, last);
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if ((int)threadIdx.x < half) {
            sums[threadIdx.x].x += sums[threadIdx.x + half].x;
            sums[threadIdx.x].y += sums[threadIdx.x + half].y;
        }
        __syncthreads();
    }
    if (threadIdx.x == 0)
        work.parts[blockIdx.x] = sums[0];
}

static Status sum_channels(Plan *plan, SumWork *work)
{
    cudaStream_t stream = plan->backend->stream;
    int blocks = work->channels.count * work->channels.parts;

    work->parts = (float2 *)plan->channel_sums;
    if (plan->low == FORMAT_BF16)
        sums_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(*work);
    else
        sums_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(*work);
    return cuda_launched(plan->backend, "channels were summed");
}

static __device__ __forceinline__ float2 all_parts(const float2 *parts, int count, int channel)
{
    float2 all = {0.0f, 0.0f};

    for (int i = 0; i < count; i++) {
        all.x += parts[channel * count + i].x;
        all.y += parts[channel * count + i].y;
    }
    return all;
}

/* A number for each channel out of its parts. */
typedef struct EachWork {
    const float2 *parts;
    int count;
    float numbers; /* 0: it is the second sum, whole; else the first is divided by it */

    template <Format F> __device__ __forceinline__ float number(int unused, int channel) const
    {
        float2 all = all_parts(parts, count, channel);

        (void)unused;
        return numbers > 0.0f ? all.x / numbers : all.y;
    }
} EachWork;

static Status run_each(Plan *plan, int instr, const SumWork *sums, float numbers)
{
    EachWork work = {};

    work.parts = sums->parts;
    work.count = sums->channels.parts;
    work.numbers = numbers;
    return places_run(plan, instr, &work);
}

static float numbers_of(const Channels *channels)
{
    return (float)((int64_t)channels->rows * channels->places);
}

Status cuda_batch_mean(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    SumWork work = {};

    work.x = plan->arrays[(size_t)of->in[0]];
    work.channels = channels_of(plan, of->in[0], of->out);
    TRY(sum_channels(plan, &work));
    return run_each(plan, instr, &work, numbers_of(&work.channels));
}

Status cuda_batch_var(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    SumWork work = {};

    work.x = plan->arrays[(size_t)of->in[0]];
    work.mean = plan->arrays[(size_t)of->in[1]];
    work.channels = channels_of(plan, of->in[0], of->out);
    work.kind = SUM_SQUARE;
    TRY(sum_channels(plan, &work));
    return run_each(plan, instr, &work, numbers_of(&work.channels));
}

template <Format F>
static __global__ void __launch_bounds__(THREADS)
    running_kernel(Array running, Array batch, float share, float factor)
{
    int i = (int)(blockIdx.x * THREADS + threadIdx.x);

    if (i < running.cols)
        store_at<F>(running, 0, i,
                    (1.0f - share) * load_at<F>(running, 0, i) +
                        share * (factor * load_at<F>(batch, 0, i)));
}

Status cuda_running(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    Array running = plan->arrays[(size_t)of->in[0]], batch = plan->arrays[(size_t)of->in[1]];
    float share = (float)of->constants[RUNNING_SHARE];
    float factor = (float)of->constants[RUNNING_FACTOR];
    int blocks = (running.cols + THREADS - 1) / THREADS;
    cudaStream_t stream = plan->backend->stream;

    if (plan->low == FORMAT_BF16)
        running_kernel<FORMAT_BF16><<<blocks, THREADS, 0, stream>>>(running, batch, share, factor);
    else
        running_kernel<FORMAT_FP16><<<blocks, THREADS, 0, stream>>>(running, batch, share, factor);
    return cuda_launched(plan->backend, "running statistics moved");
}

typedef struct BatchNorm {
    Array x, mean, var, w, b;
    Divider places;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        int c = quotient(places, col);

        return (load_at<F>(x, row, col) - load_at<F>(mean, 0, c)) *
                   batch_root(load_at<F>(var, 0, c)) * load_at<F>(w, 0, c) +
               load_at<F>(b, 0, c);
    }
} BatchNorm;

Status cuda_batchnorm(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    BatchNorm work = {};

    work.x = plan->arrays[(size_t)of->in[0]];
    work.mean = plan->arrays[(size_t)of->in[1]];
    work.var = plan->arrays[(size_t)of->in[2]];
    work.w = plan->arrays[(size_t)of->in[3]];
    work.b = plan->arrays[(size_t)of->in[4]];
    work.places = divider_of(channels_of(plan, of->in[0], of->in[1]).places);
    return places_run(plan, instr, &work);
}

/* Operands of a gradient: dout, x, mean, var. */
static SumWork grads_of(const Plan *plan, const Instr *of)
{
    SumWork work = {};

    work.dout = plan->arrays[(size_t)of->in[0]];
    work.x = plan->arrays[(size_t)of->in[1]];
    work.mean = plan->arrays[(size_t)of->in[2]];
    work.var = plan->arrays[(size_t)of->in[3]];
    work.channels = channels_of(plan, of->in[1], of->in[2]);
    work.kind = SUM_GRADS;
    return work;
}

Status cuda_batchnorm_dw(Plan *plan, int instr)
{
    SumWork work = grads_of(plan, &plan->program.instrs[instr]);

    TRY(sum_channels(plan, &work));
    return run_each(plan, instr, &work, 0.0f);
}

/* The means of dout and of dout h, behind the parts. */
static __global__ void __launch_bounds__(THREADS)
    means_kernel(const float2 *parts, float2 *means, int channels, int count, float numbers)
{
    int channel = (int)(blockIdx.x * THREADS + threadIdx.x);

    if (channel < channels) {
        float2 all = all_parts(parts, count, channel);

        means[channel] = {all.x / numbers, all.y / numbers};
    }
}

typedef struct BatchNormDx {
    Array dout, x, mean, var, w;
    const float2 *means;
    Divider places;

    template <Format F> __device__ __forceinline__ float number(int row, int col) const
    {
        int c = quotient(places, col);
        float root = batch_root(load_at<F>(var, 0, c));
        float h = (load_at<F>(x, row, col) - load_at<F>(mean, 0, c)) * root;
        float2 at = means[c];

        return root * load_at<F>(w, 0, c) * (load_at<F>(dout, row, col) - at.x - h * at.y);
    }
} BatchNormDx;

Status cuda_batchnorm_dx(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];
    SumWork sums = grads_of(plan, of);
    int channels = sums.channels.count;
    float2 *means = (float2 *)plan->channel_sums + (size_t)channels * sums.channels.parts;
    BatchNormDx work = {};

    TRY(sum_channels(plan, &sums));
    means_kernel<<<(channels + THREADS - 1) / THREADS, THREADS, 0, plan->backend->stream>>>(
        sums.parts, means, channels, sums.channels.parts, numbers_of(&sums.channels));
    TRY(cuda_launched(plan->backend, "means of channels were taken"));
    work.dout = sums.dout;
    work.x = sums.x;
    work.mean = sums.mean;
    work.var = sums.var;
    work.w = plan->arrays[(size_t)of->in[4]];
    work.means = means;
    work.places = divider_of(sums.channels.places);
    return places_run(plan, instr, &work);
}

/* Whose sums an instruction takes; 0: none. */
static size_t channels_summed(const Plan *plan, const Instr *of)
{
    switch (of->op) {
    case OP_BATCH_MEAN:
    case OP_BATCH_VAR:
        return (size_t)plan->arrays[(size_t)of->out].cols;
    case OP_BATCHNORM_DX:
    case OP_BATCHNORM_DW:
        return (size_t)plan->arrays[(size_t)of->in[2]].cols;
    default:
        return 0;
    }
}

Status lay_batchnorm(Plan *plan)
{
    size_t most = 0;

    plan->kept.assign((size_t)plan->program.instr_count + 1, NULL);
    for (int i = 0; i < plan->program.instr_count; i++) {
        const Instr *of = &plan->program.instrs[i];
        const Array *running = of->op == OP_RUNNING ? &plan->arrays[(size_t)of->in[0]] : NULL;
        size_t channels = channels_summed(plan, of);

        most = channels > most ? channels : most;
        if (running != NULL)
            TRY(plan_room(plan, MEMORY_WORKSPACE, array_bytes(running), &plan->kept[(size_t)i]));
    }
    if (most == 0)
        return ok();
    return plan_room(plan, MEMORY_WORKSPACE, most * (MOST_PARTS + 1) * sizeof(float2),
                     &plan->channel_sums);
}

Status running_keep(Plan *plan, bool back)
{
    for (int i = 0; i < plan->program.instr_count; i++) {
        const Array *running = &plan->arrays[(size_t)plan->program.instrs[i].in[0]];
        void *kept = plan->kept[(size_t)i];

        if (kept != NULL)
            CUDA_TRY(plan->backend,
                     cudaMemcpyAsync(back ? running->data : kept, back ? kept : running->data,
                                     array_bytes(running), cudaMemcpyDeviceToDevice,
                                     plan->backend->stream),
                     "running statistics were kept");
    }
    return ok();
}
