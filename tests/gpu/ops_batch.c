/* batchnorm, its statistics and gradients against double, give or take what sums in fp32 err in any order. */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EPSILON 0x1p-24

/* n, c, h, w */
typedef struct Case {
    int64_t dims[4];
} Case;

static const Case cases[] = {{{2, 1, 1, 1}},    {{3, 5, 4, 7}},   {{33, 16, 14, 14}},
                             {{64, 130, 1, 1}}, {{5, 17, 1, 1}},  {{128, 6, 7, 7}},
                             {{2, 3, 28, 28}},  {{1, 4, 40, 40}}, {{200, 1, 3, 3}}};
enum { CASES = sizeof cases / sizeof cases[0] };

/* What an op takes and gives; mean and var are given, whatever x has. */
typedef struct Batch {
    OpKind op;
    int64_t rows, channels, places, count, numbers; /* numbers: of a channel */
    float *x, *dout, *mean, *var, *w, *b;
    double *exact, *error; /* of each number of the result */
} Batch;

static bool gives_each(OpKind op)
{
    return op == OP_BATCH_MEAN || op == OP_BATCH_VAR || op == OP_BATCHNORM_DW;
}

static double root_of(const Batch *batch, int64_t c)
{
    return 1.0 / sqrt((double)batch->var[c] + (double)1e-5f);
}

/* What is summed over a channel, at one place. */
static double term(const Batch *batch, int64_t c, int64_t at)
{
    double away = (double)batch->x[at] - (double)batch->mean[c];

    switch (batch->op) {
    case OP_BATCH_MEAN:
        return (double)batch->x[at];
    case OP_BATCH_VAR:
        return away * away;
    default:
        return (double)batch->dout[at] * away * root_of(batch, c);
    }
}

/* Sum, and sum of magnitudes, of a channel; `plain`: of dout alone. */
static void sums(const Batch *batch, int64_t c, bool plain, double *sum, double *size)
{
    *sum = *size = 0.0;
    for (int64_t n = 0; n < batch->rows; n++)
        for (int64_t i = 0; i < batch->places; i++) {
            int64_t at = (n * batch->channels + c) * batch->places + i;
            double of = plain ? (double)batch->dout[at] : term(batch, c, at);

            *sum += of;
            *size += fabs(of);
        }
}

static void expect_each(const Batch *batch)
{
    double share = batch->op == OP_BATCHNORM_DW ? 1.0 : (double)batch->numbers;

    for (int64_t c = 0; c < batch->channels; c++) {
        double sum, size;

        sums(batch, c, false, &sum, &size);
        batch->exact[c] = sum / share;
        batch->error[c] = ((double)batch->numbers + 12) * 2 * EPSILON * size / share;
    }
}

static void expect_out(const Batch *batch)
{
    for (int64_t at = 0; at < batch->count; at++) {
        int64_t c = at / batch->places % batch->channels;
        double w = (double)batch->w[c], b = (double)batch->b[c];
        double h = ((double)batch->x[at] - (double)batch->mean[c]) * root_of(batch, c);

        batch->exact[at] = h * w + b;
        batch->error[at] =
            16 * EPSILON * fabs(h * w) + 4 * EPSILON * (fabs(batch->exact[at]) + fabs(b));
    }
}

static void expect_dx(const Batch *batch)
{
    double numbers = (double)batch->numbers;

    for (int64_t c = 0; c < batch->channels; c++) {
        double flat, flat_size, along, along_size, slope = root_of(batch, c) * (double)batch->w[c];

        sums(batch, c, true, &flat, &flat_size);
        sums(batch, c, false, &along, &along_size);
        for (int64_t k = 0; k < batch->numbers; k++) {
            int64_t at =
                (k / batch->places * batch->channels + c) * batch->places + k % batch->places;
            double h = ((double)batch->x[at] - (double)batch->mean[c]) * root_of(batch, c);
            double dout = (double)batch->dout[at];
            double all = fabs(dout) + (flat_size + fabs(h) * along_size) / numbers;

            batch->exact[at] = slope * (dout - flat / numbers - h * along / numbers);
            batch->error[at] = fabs(slope) * all * (numbers + 24) * 2 * EPSILON;
        }
    }
}

static void check_side(Pair *pair, const Side *side, const Batch *batch, const char *what)
{
    int last = pair->program.instr_count - 1;
    const Value *out = &pair->program.values[pair->program.instrs[last].out];
    float *got = side_read(side, &pair->program, pair->program.instrs[last].out);
    CastCounts counts;

    must(side->class->counts_read(side->plan, last, &counts), what);
    check_partition(out->format, got, value_count(out), &counts, what);
    for (int64_t i = 0; i < value_count(out); i++) {
        double error = isfinite(batch->error[i]) ? batch->error[i] + 0x1p-149 : 0.0;
        Interval may = around(batch->exact[i], error);

        if (within(out->format, may, got[i]))
            continue;
        check(false, "%s: at %lld stands %a, not within %a ... %a", what, (long long)i,
              (double)got[i], may.low, may.high);
        break;
    }
    check(true, "%s", what);
    free(got);
}

enum { X, DOUT, MEAN, VAR, W, B, GIVENS };

static const int operands[][5] = {
    [0] = {X, -1, -1, -1, -1},
    [OP_BATCH_VAR - OP_BATCH_MEAN] = {X, MEAN, -1, -1, -1},
    [OP_BATCHNORM - OP_BATCH_MEAN] = {X, MEAN, VAR, W, B},
    [OP_BATCHNORM_DX - OP_BATCH_MEAN] = {DOUT, X, MEAN, VAR, W},
    [OP_BATCHNORM_DW - OP_BATCH_MEAN] = {DOUT, X, MEAN, VAR, -1},
};

static void emit(Pair *pair, const Batch *batch, Format format, const int64_t *dims,
                 Given given[GIVENS])
{
    static const char *const names[GIVENS] = {"x", "dout", "mean", "var", "w", "b"};
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    bool each = gives_each(batch->op);
    ValueId out;
    Instr *instr;

    for (int i = 0; i < GIVENS; i++)
        given[i] = op_given_of(&b, i <= DOUT ? format : FORMAT_FP32, i <= DOUT ? 4 : 1,
                               i <= DOUT ? dims : &batch->channels, names[i]);
    out = builder_value(&b, each ? ROLE_WEIGHT_GRAD : ROLE_ACTIVATION, each ? FORMAT_FP32 : format,
                        each ? 1 : 4, each ? &batch->channels : dims, "out");
    instr = builder_emit_counted(&b, batch->op, out, NO_VALUE, NO_VALUE, NO_VALUE);
    for (int i = 0; i < op_table[batch->op].inputs; i++)
        instr->in[i] = given[operands[batch->op - OP_BATCH_MEAN][i]].value;
}

static void fill(const Batch *batch, Format format, bool special)
{
    fill_normal(format, 81, 2.0, batch->count, batch->x);
    fill_normal(format, 82, 1.0, batch->count, batch->dout);
    fill_normal(FORMAT_FP32, 83, 1.0, batch->channels, batch->mean);
    fill_normal(FORMAT_FP32, 84, 1.0, batch->channels, batch->var);
    fill_normal(FORMAT_FP32, 85, 1.0, batch->channels, batch->w);
    fill_normal(FORMAT_FP32, 86, 1.0, batch->channels, batch->b);
    for (int64_t c = 0; c < batch->channels; c++)
        batch->var[c] = fabsf(batch->var[c]);
    if (special)
        batch->x[batch->count / 2] = INFINITY;
    if (gives_each(batch->op))
        expect_each(batch);
    else if (batch->op == OP_BATCHNORM)
        expect_out(batch);
    else
        expect_dx(batch);
}

static void run(Pair *pair, const Batch *batch, Format format, const int64_t *dims,
                const char *what)
{
    const float *const values[GIVENS] = {batch->x,   batch->dout, batch->mean,
                                         batch->var, batch->w,    batch->b};
    Given given[GIVENS];

    pair_begin(pair, &op_no_data, batch->rows);
    emit(pair, batch, format, dims, given);
    if (pair_compile(pair, what)) {
        for (int i = 0; i < GIVENS; i++)
            pair_write(pair, given[i].master, values[i]);
        if (pair_run(pair, what)) {
            check_side(pair, &pair->cpu, batch, "the CPU itself");
            check_side(pair, &pair->gpu, batch, what);
        }
    }
    pair_end(pair);
}

static void try_batch(Pair *pair, OpKind op, Format format, const Case *c, bool special)
{
    const int64_t *dims = c->dims;
    int64_t count = dims[0] * dims[1] * dims[2] * dims[3];
    float *floats = xcalloc((size_t)(2 * count + 4 * dims[1]), sizeof *floats);
    double *doubles = xcalloc((size_t)(2 * count + 2 * dims[1]), sizeof *doubles);
    float *each = floats + 2 * count;
    Batch batch = {.op = op,
                   .rows = dims[0],
                   .channels = dims[1],
                   .places = dims[2] * dims[3],
                   .count = count,
                   .numbers = count / dims[1],
                   .x = floats,
                   .dout = floats + count,
                   .mean = each,
                   .var = each + dims[1],
                   .w = each + 2 * dims[1],
                   .b = each + 3 * dims[1],
                   .exact = doubles,
                   .error = doubles + count + dims[1]};
    char what[LABEL_TEXT];

    snprintf(what, sizeof what, "%s %s %lldx%lldx%lldx%lld%s", op_table[op].name,
             format_name(format), (long long)dims[0], (long long)dims[1], (long long)dims[2],
             (long long)dims[3], special ? " special" : "");
    fill(&batch, format, special);
    run(pair, &batch, format, dims, what);
    free(floats);
    free(doubles);
}

/* It moves a master in its place, which has the CPU's bits. */
static void try_running(Pair *pair, int64_t count, double factor)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    float *values = xcalloc((size_t)count * 2, sizeof *values);
    ValueId running, batch;
    char what[LABEL_TEXT];
    Instr *instr;

    snprintf(what, sizeof what, "running %lld", (long long)count);
    fill_normal(FORMAT_FP32, 71, 1.0, count * 2, values);
    pair_begin(pair, &op_no_data, 1);
    running = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, &count, "running");
    batch = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, &count, "batch");
    instr = builder_emit(&b, OP_RUNNING, NO_VALUE, running, batch, NO_VALUE);
    instr->constants[RUNNING_SHARE] = 0.1;
    instr->constants[RUNNING_FACTOR] = factor;
    if (pair_compile(pair, what)) {
        pair_write(pair, running, values);
        pair_write(pair, batch, values + count);
        if (pair_run(pair, what))
            pair_same(pair, running, what, 1);
    }
    pair_end(pair);
    free(values);
}

void ops_batch(Pair *pair)
{
    static const OpKind ops[] = {OP_BATCH_MEAN, OP_BATCH_VAR, OP_BATCHNORM, OP_BATCHNORM_DX,
                                 OP_BATCHNORM_DW};

    for (size_t o = 0; o < sizeof ops / sizeof *ops; o++)
        for (int f = 0; f < OP_FORMATS; f++)
            for (int c = 0; c < CASES; c++) {
                try_batch(pair, ops[o], op_formats[f], &cases[c], false);
                try_batch(pair, ops[o], op_formats[f], &cases[c], true);
            }
    try_running(pair, 1, 1.0);
    try_running(pair, 300, 64.0 / 63.0);
}
