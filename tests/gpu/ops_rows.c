/* Ops that look at rows or at the whole: log_softmax, the losses, gather, correct, scale. */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EPSILON 0x1p-24

/* Examples of labels and numbers, and a program that fetches them. */
typedef struct Batch {
    DataView view;
    float *inputs, *targets;
    int32_t *labels;
} Batch;

static void make_batch(Batch *batch, int64_t examples, int64_t width, bool classes)
{
    int64_t all = examples + examples / 2 + 1;

    *batch = (Batch){.inputs = xcalloc((size_t)(all * width), sizeof(float))};
    fill_special(FORMAT_FP32, 21, all * width, batch->inputs);
    if (classes) {
        batch->labels = xcalloc((size_t)all, sizeof *batch->labels);
        for (int64_t i = 0; i < all; i++)
            batch->labels[i] = (int32_t)(i * 7 % width);
    } else {
        batch->targets = xcalloc((size_t)(all * width), sizeof(float));
        fill_normal(FORMAT_FP32, 22, 1.0, all * width, batch->targets);
    }
    batch->view = (DataView){.inputs = batch->inputs,
                             .labels = batch->labels,
                             .targets = batch->targets,
                             .train_count = examples,
                             .test_count = all - examples,
                             .features = width,
                             .target_width = classes ? 0 : width};
}

static void free_batch(Batch *batch)
{
    free(batch->inputs);
    free(batch->targets);
    free(batch->labels);
}

static ValueId gathered(Builder *builder, Shape shape, bool held_out, bool target)
{
    const int64_t dims[] = {shape.rows, shape.cols};
    ValueId out = builder_value(builder, ROLE_INPUT, FORMAT_FP32, 2, dims, target ? "target" : "x");
    Instr *instr = builder_emit(builder, OP_GATHER, out, NO_VALUE, NO_VALUE, NO_VALUE);

    instr->constants[GATHER_HELD_OUT] = held_out;
    instr->constants[GATHER_TARGET] = target;
    return out;
}

static void same(Pair *pair, ValueId id, const char *what)
{
    int64_t count = value_count(&pair->program.values[id]), place;
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);

    place = first_difference(cpu, gpu, count);
    check(place < 0, "%s: at %lld the CPU has %a, the device %a", what, (long long)place,
          (double)cpu[place < 0 ? 0 : place], (double)gpu[place < 0 ? 0 : place]);
    free(cpu);
    free(gpu);
}

static void same_counts(Pair *pair, int instr, const char *what)
{
    CastCounts cpu, gpu;

    must(pair->cpu.class->counts_read(pair->cpu.plan, instr, &cpu), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, instr, &gpu), what);
    check_counts(&cpu, &gpu, what);
}

/* Checks every number of a value against an interval of its own. */
static void all_within(Pair *pair, ValueId id, const Interval *may, const char *what)
{
    const Value *value = &pair->program.values[id];
    Side *sides[] = {&pair->cpu, &pair->gpu};

    for (int s = 0; s < 2; s++) {
        float *got = side_read(sides[s], &pair->program, id);
        int64_t i = 0;

        while (i < value_count(value) && within(value->format, may[i], got[i]))
            i++;
        if (i < value_count(value))
            check(false, "%s%s: at %lld stands %a, not within %a ... %a",
                  s ? "" : "the CPU itself, ", what, (long long)i, (double)got[i], may[i].low,
                  may[i].high);
        else
            check(true, "%s", what);
        free(got);
    }
}

/* exps err by 2 ulp each, the sum by one for each term, logf by one ulp, and three subtractions. */
static void softmax_row(const float *x, int64_t width, Interval *may)
{
    double most = (double)x[0], sum = 0.0, log_sum, error;

    for (int64_t j = 1; j < width; j++)
        most = (double)x[j] > most || isnan(x[j]) ? (double)x[j] : most;
    for (int64_t j = 0; j < width; j++)
        sum += exp((double)x[j] - most);
    log_sum = log(sum);
    error = ((double)width + 8) * EPSILON + 4 * EPSILON * fabs(log_sum);
    for (int64_t j = 0; j < width; j++) {
        double far = (double)x[j] - most, exact = far - log_sum;

        may[j] = around(exact, error + 2 * EPSILON * (fabs(far) + fabs(exact)));
    }
}

/* The sum errs by one ulp for each term. */
static void softmax_backward_row(const float *dout, const float *out, int64_t width, Interval *may)
{
    double sum = 0.0, size = 0.0;

    for (int64_t j = 0; j < width; j++) {
        sum += (double)dout[j];
        size += fabs((double)dout[j]);
    }
    for (int64_t j = 0; j < width; j++) {
        double share = exp((double)out[j]), exact = (double)dout[j] - share * sum;

        may[j] = around(exact, EPSILON * (share * (((double)width + 2) * size + 8 * fabs(sum)) +
                                          fabs(exact) * 2) +
                                   0x1p-149);
    }
}

typedef struct Softmax {
    Format format;
    Shape shape;
    float *x, *out; /* logits and gradients, log probabilities */
    Given logits, dlog, saved;
    ValueId forward, backward;
} Softmax;

static void fill_softmax(const Softmax *s, bool special)
{
    int64_t count = s->shape.rows * s->shape.cols;

    fill_normal(s->format, 31, special ? 1e4 : 3.0, count, s->x);
    for (int64_t i = 0; special && i < count; i += s->shape.cols * 3)
        fill_special(s->format, (uint64_t)i, s->shape.cols < 4 ? 1 : 4, s->x + i);
    fill_normal(s->format, 32, 1.0, count, s->out);
    for (int64_t i = 0; i < count; i++)
        s->out[i] = -fabsf(s->out[i]);
}

static void emit_softmax(Pair *pair, Softmax *s)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = true};

    s->logits = op_given(&b, s->shape, s->format, "x");
    s->dlog = op_given(&b, s->shape, s->format, "dout");
    s->saved = op_given(&b, s->shape, s->format, "out");
    s->forward = builder_like(&b, s->logits.value, ROLE_ACTIVATION, s->format, "log_softmax");
    s->backward = builder_like(&b, s->logits.value, ROLE_ACTIVATION_GRAD, s->format, "din");
    builder_emit_counted(&b, OP_LOG_SOFTMAX, s->forward, s->logits.value, NO_VALUE, NO_VALUE);
    builder_emit_counted(&b, OP_LOG_SOFTMAX_BACKWARD, s->backward, s->dlog.value, s->saved.value,
                         NO_VALUE);
}

/* The counts of the device's last but `behind` instruction tell what it stored. */
static void counts_tell(Pair *pair, int behind, const char *what)
{
    int instr = pair->program.instr_count - 1 - behind;
    ValueId out = pair->program.instrs[instr].out;
    const Value *value = &pair->program.values[out];
    float *stored = side_read(&pair->gpu, &pair->program, out);
    CastCounts counts;

    must(pair->gpu.class->counts_read(pair->gpu.plan, instr, &counts), what);
    check_partition(value->format, stored, value_count(value), &counts, what);
    free(stored);
}

static void compare_softmax(Pair *pair, const Softmax *s, const char *what)
{
    int64_t count = s->shape.rows * s->shape.cols, width = s->shape.cols;
    Interval *may = xcalloc((size_t)count, sizeof *may);

    for (int64_t i = 0; i < count; i += width)
        softmax_row(s->x + i, width, may + i);
    all_within(pair, s->forward, may, what);
    for (int64_t i = 0; i < count; i += width)
        softmax_backward_row(s->x + i, s->out + i, width, may + i);
    all_within(pair, s->backward, may, what);
    counts_tell(pair, 1, what);
    counts_tell(pair, 0, what);
    free(may);
}

static void try_softmax(Pair *pair, Format format, Shape shape, bool special)
{
    size_t count = (size_t)(shape.rows * shape.cols);
    Softmax s = {.format = format,
                 .shape = shape,
                 .x = xaligned(count, sizeof(float)),
                 .out = xaligned(count, sizeof(float))};
    char what[LABEL_TEXT];

    snprintf(what, sizeof what, "log_softmax and backward %s %lldx%lld%s", format_name(format),
             (long long)shape.rows, (long long)shape.cols, special ? " special" : "");
    fill_softmax(&s, special);
    pair_begin(pair, &op_no_data, shape.rows);
    emit_softmax(pair, &s);
    if (pair_compile(pair, what)) {
        pair_write(pair, s.logits.master, s.x);
        pair_write(pair, s.dlog.master, s.x);
        pair_write(pair, s.saved.master, s.out);
        if (pair_run(pair, what))
            compare_softmax(pair, &s, what);
    }
    pair_end(pair);
    free(s.x);
    free(s.out);
}

static Scalars loss_scalars(void)
{
    return (Scalars){.scale = 1536.0f,
                     .loss_weight = 0.3f,
                     .growth = 2,
                     .backoff = 0.5,
                     .interval = 10,
                     .lr = 0.1};
}

/* In a tree or in double, however long: 1e-6 of the sum of magnitudes. */
static Interval mean_loss(const float *x, const float *target, const int32_t *labels, Shape shape)
{
    double sum = 0.0, size = 0.0;
    int64_t terms = labels != NULL ? shape.rows : shape.rows * shape.cols;

    for (int64_t i = 0; i < terms; i++) {
        double term = labels != NULL ? -(double)x[i * shape.cols + labels[i]]
                                     : pow((double)(x[i] - target[i]), 2);

        sum += term;
        size += fabs(term);
    }
    return around(sum / (double)terms, 1e-6 * size / (double)terms + 0x1p-149);
}

/* nll and mse, their slopes, and scale: examples 1 ... rows in file order */
static void try_loss(Pair *pair, Format format, Shape shape, bool classes)
{
    int64_t count = shape.rows * shape.cols;
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = true};
    const char *name = classes ? "nll" : "mse";
    const int64_t one[] = {1};
    float *x = xaligned((size_t)count, sizeof *x);
    Scalars scalars = loss_scalars();
    ValueId target, loss, dx, scaled;
    Interval may;
    Batch batch;
    Given given;
    char what[LABEL_TEXT];

    snprintf(what, sizeof what, "%s %s %lldx%lld", name, format_name(format), (long long)shape.rows,
             (long long)shape.cols);
    make_batch(&batch, shape.rows, shape.cols, classes);
    fill_normal(format, 41, 1.0, count, x);
    pair_begin(pair, &batch.view, shape.rows);
    given = op_given(&b, shape, format, "x");
    target = gathered(&b, (Shape){shape.rows, classes ? 1 : shape.cols}, false, true);
    loss = builder_value(&b, ROLE_SCALAR, FORMAT_FP32, 1, one, "loss");
    scaled = builder_value(&b, ROLE_SCALAR, FORMAT_FP32, 1, one, "loss.scaled");
    dx = builder_like(&b, given.value, ROLE_ACTIVATION_GRAD, format, "dx");
    b.phase = PHASE_LOSS;
    builder_emit(&b, classes ? OP_NLL : OP_MSE, loss, given.value, target, NO_VALUE);
    builder_emit(&b, OP_SCALE, scaled, loss, NO_VALUE, NO_VALUE);
    b.phase = PHASE_BACKWARD;
    builder_emit_counted(&b, classes ? OP_NLL_BACKWARD : OP_MSE_BACKWARD, dx, given.value, target,
                         NO_VALUE);
    pair_scalars(pair, &scalars);
    if (pair_compile(pair, what)) {
        pair_write(pair, given.master, x);
        if (pair_run(pair, what)) {
            may = mean_loss(x, batch.targets, batch.labels, shape);
            all_within(pair, loss, &may, what);
            same(pair, target, "gathered targets");
            same(pair, dx, what);
            same_counts(pair, pair->program.instr_count - 1, what);
            /* The device's own loss goes into its scale, as the CPU would compute it. */
            float *l = side_read(&pair->gpu, &pair->program, loss);
            float *s = side_read(&pair->gpu, &pair->program, scaled);
            check(same_bits(*s, *l * scalars.loss_weight * scalars.scale), "scale after %s", what);
            free(l);
            free(s);
        }
    }
    pair_end(pair);
    free_batch(&batch);
    free(x);
}

/* The batch wraps from one epoch into the next, whose order is another; held-out examples end. */
static void try_gather(Pair *pair, Shape shape, bool held_out)
{
    int64_t examples = shape.rows + 3;
    int32_t *order = xcalloc((size_t)examples, sizeof *order);
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD};
    Batch batch;
    ValueId x, target;
    Side *sides[] = {&pair->cpu, &pair->gpu};
    Scalars scalars = {.scale = 1.0f, .loss_weight = 1.0f};

    make_batch(&batch, examples, shape.cols, true);
    pair_begin(pair, &batch.view, shape.rows);
    for (int64_t i = 0; i < examples; i++)
        order[i] = (int32_t)(examples - 1 - i);
    for (int s = 0; s < 2; s++)
        must(sides[s]->class->data_order(sides[s]->data, 7, order), "data_order");
    x = gathered(&b, shape, held_out, false);
    target = gathered(&b, (Shape){shape.rows, 1}, held_out, true);
    scalars.position = 6 * examples + examples / 2; /* half of epoch 6, the rest of epoch 7 */
    scalars.test_position = batch.view.test_count / 2;
    pair_scalars(pair, &scalars);
    if (pair_compile(pair, "gather") && pair_run(pair, "gather")) {
        same(pair, x, held_out ? "gather held out" : "gather over two epochs");
        same(pair, target, held_out ? "gather held-out labels" : "gather labels over two epochs");
    }
    pair_end(pair);
    free_batch(&batch);
    free(order);
}

/* Ties, nans, infinities; the last rows lie behind the last held-out example. */
static void try_correct(Pair *pair, Format format, Shape shape)
{
    int64_t count = shape.rows * shape.cols;
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD};
    float *x = xaligned((size_t)count, sizeof *x);
    Scalars scalars = {.scale = 1.0f, .correct = 5}, cpu, gpu;
    Batch batch;
    Given given;
    ValueId target;

    make_batch(&batch, shape.rows, shape.cols, true);
    fill_whole(51, count, x);
    if (count >= 64)
        fill_special(format, 52, 64, x);
    scalars.test_position = batch.view.test_count > 2 ? 2 : 0;
    pair_begin(pair, &batch.view, shape.rows);
    given = op_given(&b, shape, format, "x");
    target = gathered(&b, (Shape){shape.rows, 1}, true, true);
    builder_emit(&b, OP_CORRECT, NO_VALUE, given.value, target, NO_VALUE);
    pair_scalars(pair, &scalars);
    if (pair_compile(pair, "correct")) {
        pair_write(pair, given.master, x);
        if (pair_run(pair, "correct")) {
            pair->cpu.class->scalars_get(pair->cpu.store, &cpu);
            pair->gpu.class->scalars_get(pair->gpu.store, &gpu);
            check(cpu.correct == gpu.correct, "correct %s %lldx%lld: %lld, the CPU counts %lld",
                  format_name(format), (long long)shape.rows, (long long)shape.cols,
                  (long long)gpu.correct, (long long)cpu.correct);
        }
    }
    pair_end(pair);
    free_batch(&batch);
    free(x);
}

void ops_rows(Pair *pair)
{
    for (int s = 0; s < op_shape_count(); s++) {
        try_gather(pair, op_shapes[s], false);
        try_gather(pair, op_shapes[s], true);
        for (int f = 0; f < OP_FORMATS; f++) {
            try_softmax(pair, op_formats[f], op_shapes[s], false);
            try_softmax(pair, op_formats[f], op_shapes[s], true);
            try_loss(pair, op_formats[f], op_shapes[s], true);
            try_loss(pair, op_formats[f], op_shapes[s], false);
            try_correct(pair, op_formats[f], op_shapes[s]);
        }
    }
}
