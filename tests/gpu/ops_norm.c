/* layernorm and its gradients against double, give or take what sums in fp32 err in any order. */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EPSILON 0x1p-24

typedef struct Norm {
    OpKind op;
    Shape shape;
    float *x, *dout, *w, *b;
    double *exact, *error; /* of each number of the result */
} Norm;

/* A row as it is, and how far what fp32 makes of it may be off. */
typedef struct Row {
    double mean, root;
    double off, turned; /* absolute, of x - mean; relative, of the root */
} Row;

static Row row_of(const float *x, int64_t cols)
{
    double sum = 0.0, size = 0.0, squares = 0.0, away = 0.0, variance;
    Row row;

    for (int64_t i = 0; i < cols; i++) {
        sum += (double)x[i];
        size += fabs((double)x[i]);
    }
    row.mean = sum / (double)cols;
    for (int64_t i = 0; i < cols; i++) {
        double d = (double)x[i] - row.mean;

        squares += d * d;
        away += fabs(d);
    }
    variance = squares / (double)cols + (double)1e-5f;
    row.root = 1.0 / sqrt(variance);
    row.off = ((double)cols + 4) * 2 * EPSILON * size / (double)cols;
    row.turned =
        ((double)cols + 12) * 2 * EPSILON + row.off * (away / (double)cols + row.off) / variance;
    return row;
}

static void expect_out(const Norm *n, int64_t at, const Row *row)
{
    int64_t i = at % n->shape.cols;
    double d = (double)n->x[at] - row->mean, w = (double)n->w[i];

    n->exact[at] = d * row->root * w + (double)n->b[i];
    n->error[at] = fabs(w) * row->root * (row->off + fabs(d) * (row->turned + 8 * EPSILON)) +
                   4 * EPSILON * (fabs(n->exact[at]) + fabs((double)n->b[i]));
}

/* h, the normalised number, and how far it may be off. */
static double normal(const Norm *n, int64_t at, const Row *row, double *error)
{
    double h = ((double)n->x[at] - row->mean) * row->root;

    *error = row->root * row->off + fabs(h) * (row->turned + 8 * EPSILON);
    return h;
}

static void expect_dx(const Norm *n, int64_t first, const Row *row)
{
    int64_t cols = n->shape.cols;
    double sum = 0.0, along = 0.0, size = 0.0, reach = 0.0, slip = 0.0, error;

    for (int64_t i = 0; i < cols; i++) {
        double g = (double)n->dout[first + i] * (double)n->w[i];
        double h = normal(n, first + i, row, &error);

        sum += g / (double)cols;
        along += g * h / (double)cols;
        size += fabs(g) / (double)cols;
        reach += fabs(g * h) / (double)cols;
        slip += fabs(g) * error / (double)cols;
    }
    for (int64_t i = 0; i < cols; i++) {
        double g = (double)n->dout[first + i] * (double)n->w[i];
        double h = normal(n, first + i, row, &error);
        double all = fabs(g) + size + fabs(h) * reach;

        n->exact[first + i] = row->root * (g - sum - h * along);
        n->error[first + i] = row->root * (all * (((double)cols + 16) * 2 * EPSILON + row->turned) +
                                           error * reach + fabs(h) * slip);
    }
}

static void expect_dw(const Norm *n, int64_t first, const Row *row)
{
    for (int64_t i = 0; i < n->shape.cols; i++) {
        double error, h = normal(n, first + i, row, &error);
        double dout = (double)n->dout[first + i];

        n->exact[i] += dout * h;
        n->error[i] += fabs(dout) * (error + fabs(h) * ((double)n->shape.rows + 8) * 2 * EPSILON);
    }
}

static void expect_all(const Norm *n)
{
    for (int64_t first = 0; first < n->shape.rows * n->shape.cols; first += n->shape.cols) {
        Row row = row_of(n->x + first, n->shape.cols);

        if (n->op == OP_LAYERNORM_DX)
            expect_dx(n, first, &row);
        else if (n->op == OP_LAYERNORM_DW)
            expect_dw(n, first, &row);
        for (int64_t i = 0; i < n->shape.cols && n->op == OP_LAYERNORM; i++)
            expect_out(n, first + i, &row);
    }
}

static void check_side(Pair *pair, const Side *side, const Norm *n, const char *what)
{
    int last = pair->program.instr_count - 1;
    const Value *out = &pair->program.values[pair->program.instrs[last].out];
    float *got = side_read(side, &pair->program, pair->program.instrs[last].out);
    CastCounts counts;

    must(side->class->counts_read(side->plan, last, &counts), what);
    check_partition(out->format, got, value_count(out), &counts, what);
    for (int64_t i = 0; i < value_count(out); i++) {
        Interval may = around(n->exact[i], isfinite(n->error[i]) ? n->error[i] + 0x1p-149 : 0.0);

        if (within(out->format, may, got[i]))
            continue;
        check(false, "%s: at %lld stands %a, not within %a ... %a", what, (long long)i,
              (double)got[i], may.low, may.high);
        break;
    }
    check(true, "%s", what);
    free(got);
}

static void emit(Pair *pair, const Norm *n, Format format, Given given[4])
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    const int64_t each[] = {n->shape.cols}, whole[] = {n->shape.rows, n->shape.cols};
    bool forward = n->op == OP_LAYERNORM, weights = n->op == OP_LAYERNORM_DW;
    ValueId out;

    given[0] = op_given(&b, n->shape, format, "x");
    given[1] = op_given(&b, n->shape, FORMAT_FP32, "dout");
    given[2] = op_given_of(&b, FORMAT_FP32, 1, each, "w");
    given[3] = op_given_of(&b, FORMAT_FP32, 1, each, "b");
    out = builder_value(&b, weights ? ROLE_WEIGHT_GRAD : ROLE_ACTIVATION,
                        forward ? FORMAT_FP32 : format, weights ? 1 : 2, weights ? each : whole,
                        "out");
    if (forward)
        builder_emit_counted(&b, n->op, out, given[0].value, given[2].value, given[3].value);
    else
        builder_emit_counted(&b, n->op, out, given[1].value, given[0].value,
                             weights ? NO_VALUE : given[2].value);
}

static void try_norm(Pair *pair, OpKind op, Format format, Shape shape, bool special)
{
    int64_t count = shape.rows * shape.cols;
    Norm n = {.op = op, .shape = shape};
    char what[LABEL_TEXT];
    Given given[4];

    snprintf(what, sizeof what, "%s %s %lldx%lld%s", op_table[op].name, format_name(format),
             (long long)shape.rows, (long long)shape.cols, special ? " special" : "");
    n.x = xcalloc((size_t)count, sizeof *n.x);
    n.dout = xcalloc((size_t)count, sizeof *n.dout);
    n.w = xcalloc((size_t)shape.cols, sizeof *n.w);
    n.b = xcalloc((size_t)shape.cols, sizeof *n.b);
    n.exact = xcalloc((size_t)count, sizeof *n.exact);
    n.error = xcalloc((size_t)count, sizeof *n.error);
    fill_normal(format, 91, 2.0, count, n.x);
    fill_normal(FORMAT_FP32, 92, 1.0, count, n.dout);
    fill_normal(FORMAT_FP32, 93, 1.0, shape.cols, n.w);
    fill_normal(FORMAT_FP32, 94, 1.0, shape.cols, n.b);
    if (special)
        n.x[count / 2] = INFINITY;
    expect_all(&n);
    pair_begin(pair, &op_no_data, shape.rows);
    emit(pair, &n, format, given);
    if (pair_compile(pair, what)) {
        pair_write(pair, given[0].master, n.x);
        pair_write(pair, given[1].master, n.dout);
        pair_write(pair, given[2].master, n.w);
        pair_write(pair, given[3].master, n.b);
        if (pair_run(pair, what)) {
            check_side(pair, &pair->cpu, &n, "the CPU itself");
            check_side(pair, &pair->gpu, &n, what);
        }
    }
    pair_end(pair);
    free(n.x);
    free(n.dout);
    free(n.w);
    free(n.b);
    free(n.exact);
    free(n.error);
}

void ops_norm(Pair *pair)
{
    for (OpKind op = OP_LAYERNORM; op <= OP_LAYERNORM_DW; op++)
        for (int f = 0; f < OP_FORMATS; f++)
            for (int s = 0; s < op_shape_count(); s++) {
                try_norm(pair, op, op_formats[f], op_shapes[s], false);
                try_norm(pair, op, op_formats[f], op_shapes[s], true);
            }
}
