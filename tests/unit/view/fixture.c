#include "fixture.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>

enum { TENSORS = 7, STEPS = 1284, INTERVAL = 300 };

static void add_bin(CastCounts *counts, Format format, int exponent, int64_t count)
{
    const FormatInfo *info = &format_table[format];
    CastClass class = CAST_NORMAL;
    double mass = ldexp(1.5, exponent) * (double)count;

    if (count == 0)
        return;
    if (exponent > info->max_exponent)
        class = CAST_OVERFLOW;
    else if (exponent < info->least_exponent - 1)
        class = CAST_UNDERFLOW;
    else if (exponent < info->min_exponent)
        class = CAST_SUBNORMAL;
    counts->classes[class] += count;
    counts->histogram[exponent - EXPONENT_LEAST] += count;
    counts->count += count;
    counts->mass += mass;
    counts->lost_mass += class == CAST_UNDERFLOW ? mass : 0.0;
    counts->amax = fmaxf(counts->amax, ldexpf(1.5f, exponent));
}

/* A hill of counts, halved at every step away from `centre`, less steep below. */
static void add_hill(CastCounts *counts, Format format, int centre, int64_t top)
{
    for (int i = 0; top >> i > 0; i++) {
        add_bin(counts, format, centre - 2 * i, top >> i);
        add_bin(counts, format, centre - 2 * i - 1, (top >> i) * 3 / 4);
        if (i > 0)
            add_bin(counts, format, centre + i, top >> i);
    }
}

static void add_class(CastCounts *counts, CastClass class, int64_t count)
{
    counts->classes[class] += count;
    counts->count += count;
}

static TensorFacts *name_tensor(Snapshot *snapshot, const char *name, TensorKind kind,
                                Format format)
{
    TensorFacts *tensor = &snapshot->tensors[snapshot->tensor_count++];

    text_copy(tensor->name, sizeof tensor->name, name);
    tensor->kind = kind;
    tensor->format = format;
    tensor->probed = true;
    tensor->scaled = snapshot->scaler.mode != SCALER_OFF &&
                     (kind == TENSOR_ACTIVATION_GRAD || kind == TENSOR_WEIGHT_GRAD);
    return tensor;
}

/* A hill that wanders up by four binades. */
static void add_heat(Snapshot *snapshot, Format format)
{
    for (int64_t step = 1; step <= STEPS; step += 20) {
        CastCounts counts = {0};

        add_hill(&counts, format, -21 + (int)(step * 4 / STEPS), 700);
        heat_add(&snapshot->heat, "fc2.out.grad", step, &counts);
    }
}

static void add_tensors(Snapshot *snapshot, Format format)
{
    TensorFacts *tensor;

    snapshot->tensors = xcalloc(TENSORS, sizeof *snapshot->tensors);
    tensor = name_tensor(snapshot, "fc1.weight", TENSOR_WEIGHT, format);
    add_hill(&tensor->counts, format, -3, 300);
    tensor = name_tensor(snapshot, "fc1.out", TENSOR_ACTIVATION, format);
    add_hill(&tensor->counts, format, 1, 900);
    add_class(&tensor->counts, CAST_ZERO, 5000);
    tensor = name_tensor(snapshot, "fc2.out.grad", TENSOR_ACTIVATION_GRAD, format);
    add_hill(&tensor->counts, format, -17, 700);
    add_class(&tensor->counts, CAST_ZERO, 503);
    tensor = name_tensor(snapshot, "fc2.weight.grad", TENSOR_WEIGHT_GRAD, format);
    add_hill(&tensor->counts, format, 12, 40);
    add_class(&tensor->counts, CAST_INF, 3);
    add_class(&tensor->counts, CAST_NAN, 1);
    tensor = name_tensor(snapshot, "fc1.weight.grad", TENSOR_WEIGHT_GRAD, format);
    add_class(&tensor->counts, CAST_ZERO, 4096);
    text_copy(tensor->starved_by, sizeof tensor->starved_by, "fc2.out.grad");
    tensor = name_tensor(snapshot, "fc2.bias.grad", TENSOR_WEIGHT_GRAD, FORMAT_FP32);
    add_hill(&tensor->counts, FORMAT_FP32, -20, 8);
    tensor = name_tensor(snapshot, "fc1.bias.grad", TENSOR_WEIGHT_GRAD, FORMAT_FP32);
    tensor->probed = false;
    add_heat(snapshot, format);
    for (int i = 0; i < TENSORS; i++)
        snapshot->tensors[i].count = snapshot->tensors[i].counts.count;
    snapshot->tensors[TENSORS - 1].count = 64;
}

static float loss_at(int64_t step, bool scaled)
{
    float loss = 0.4f + 1.9f * expf(-(float)step / 300.0f) + 0.05f * sinf((float)step / 9.0f);

    if (scaled)
        return step == 500 ? INFINITY : loss;
    return step < FIXTURE_PARTED ? loss : loss + 0.3f * cosf((float)step / 99.0f);
}

/* The scaler after a step that found inf, or did not. */
static void move_scale(Snapshot *snapshot, const StepRecord *record, bool scaled)
{
    ScalerFacts *scaler = &snapshot->scaler;

    scaler->scale = record->skipped ? record->scale_used / 2.0f : record->scale_used;
    scaler->tracker = record->skipped ? 0 : scaler->tracker + 1;
    scaler->backoffs += record->skipped;
    if (record->skipped)
        events_add_skip(&snapshot->events, record->step, "fc2.weight.grad", record->scale_used,
                        scaler->scale);
    if (!scaled || scaler->tracker != INTERVAL)
        return;
    events_add(&snapshot->events, EVENT_GROWTH, record->step, "loss scale %g -> %g",
               (double)scaler->scale, (double)scaler->scale * 2.0);
    scaler->scale *= 2.0f;
    scaler->tracker = 0;
    scaler->growths++;
}

/* Starts at 2^20, backs off five times in a row, then grows every INTERVAL clean steps and twice
 * grows too far. */
static void add_steps(Snapshot *snapshot, bool scaled)
{
    snapshot->scaler.scale = scaled ? 1048576.0f : 1.0f;
    snapshot->scaler.tracker = 0;
    for (int64_t step = 1; step <= STEPS; step++) {
        float scale = snapshot->scaler.scale;
        StepRecord record = {.step = step, .scale_used = scale, .lr = 0.001f};

        record.skipped = scale > 65536.0f || (step % 500 == 0 && scaled);
        record.loss = loss_at(step, scaled);
        move_scale(snapshot, &record, scaled);
        snapshot->skipped += record.skipped;
        record.scale_next = snapshot->scaler.scale;
        record.tracker = snapshot->scaler.tracker;
        history_add(&snapshot->history, &record);
    }
    snapshot->step = STEPS;
    snapshot->loss = (Measure){.value = history_loss(&snapshot->history)};
    snapshot->batch_loss = (Measure){.value = 0.4012345};
}

static void add_memory(Snapshot *snapshot)
{
    static const int64_t formats[] = {17928, 9476, 8964, 35856, 132096},
                         fp32[] = {17928, 0, 17928, 35856, 263680};
    static const int64_t more[] = {73728, 33554432, 49152, 412090368};
    MemoryFacts *memory = &snapshot->memory;

    for (int i = 0; i <= PART_ACTIVATIONS; i++) {
        memory->formats[i] = memory->held[i] = formats[i];
        memory->fp32[i] = fp32[i];
    }
    for (int i = PART_COUNTERS; i < PART_COUNT; i++)
        memory->held[i] = more[i - PART_COUNTERS];
}

/* Two gradients: one loses ever less up to 2^16, one overflows from 2^21 on. */
static void add_sweep(Snapshot *snapshot)
{
    Sweep *sweep = &snapshot->sweep;

    sweep_init(sweep, 0, SWEEP_LAST_USUAL, 2);
    sweep->id = 1;
    sweep->step = STEPS;
    sweep->format = FORMAT_FP16;
    sweep->base = 20;
    text_copy(sweep->names[0], TENSOR_NAME, "fc2.out.grad");
    text_copy(sweep->names[1], TENSOR_NAME, "fc2.weight.grad");
    for (int e = sweep->from; e <= sweep->to; e++) {
        double lost = e < 17 ? pow(10.0, -0.25 * e) : 0.0;

        *sweep_cell(sweep, e, 0) = (SweepCell){.count = 64,
                                               .nonzero = 64,
                                               .mass = 1.0,
                                               .lost_mass = lost,
                                               .predicted = true,
                                               .predicted_lost = lost / 2.0};
        *sweep_cell(sweep, e, 1) = (SweepCell){
            .count = 64, .nonzero = 64, .mass = 1.0, .overflow = e > 20 ? 1 << (e - 21) : 0};
    }
}

Snapshot fixture_empty(void)
{
    return (Snapshot){
        .autocast = FORMAT_FP32,
        .scaler = {.scale = 1.0f},
        .loss = {.none = true},
        .batch_loss = {.none = true},
        .grad_norm = {.none = true},
        .accuracy = {.none = true},
        .steps_per_second = {.none = true},
    };
}

static Snapshot run_of(Format format)
{
    bool scaled = format == FORMAT_FP16;
    Snapshot snapshot = fixture_empty();

    text_copy(snapshot.backend, FACT_TEXT, "cpu, 2 threads");
    text_copy(snapshot.data, FACT_TEXT, "spirals, 4,096 examples of 2 classes");
    text_copy(snapshot.net, FACT_TEXT, "mlp 2-64-64-2 relu");
    text_copy(snapshot.optim, FACT_TEXT, "adamw");
    text_copy(snapshot.loss_name, FACT_TEXT, "cross entropy");
    snapshot.batch = 64;
    snapshot.seed = 42;
    text_copy(snapshot.run_name, RUN_NAME, scaled ? "a" : "b");
    snapshot.autocast = format;
    snapshot.scaler =
        (ScalerFacts){.mode = SCALER_DYNAMIC, .growth = 2.0, .backoff = 0.5, .interval = INTERVAL};
    if (!scaled)
        snapshot.scaler.mode = SCALER_OFF;
    snapshot.training = true;
    snapshot.epoch_steps = 64;
    snapshot.lr = 0.001;
    snapshot.accuracy = (Measure){.value = 0.931};
    snapshot.accuracy_step = 1280;
    snapshot.steps_per_second = (Measure){.value = 312.4};
    events_add(&snapshot.events, EVENT_SETTING, 0, "autocast %s", format_name(format));
    events_add(&snapshot.events, EVENT_RUN, 0, "training begins");
    add_steps(&snapshot, scaled);
    events_add(&snapshot.events, EVENT_WARNING, STEPS,
               "the scale has not grown for so long that this sentence needs more than one row");
    add_tensors(&snapshot, format);
    add_memory(&snapshot);
    add_sweep(&snapshot);
    return snapshot;
}

Snapshot fixture_run(void)
{
    return run_of(FORMAT_FP16);
}

Snapshot fixture_other(void)
{
    return run_of(FORMAT_BF16);
}
