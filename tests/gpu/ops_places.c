/* Convolutions against sums in double, and pools against the bits of the CPU.
 *
 * A convolution's sum errs as that of any product does (ops_products.c), whatever its order; it is
 * rounded before its bias is added, so the ends of what it may be are rounded too. Where all
 * sums are exact in any order, bits and counts are the CPU's.
 */
#include "ops.h"

#include "base/memory.h"
#include "check.h"
#include "numerics/round.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 0x1p-24

typedef enum Filling { NORMAL, WHOLE, SPECIAL, FILLINGS } Filling;

static const char *const filling_names[] = {"normal", "whole", "special"};

/* n, c, h, w; o, k, stride, pad */
typedef struct Case {
    int n, c, h, w, o, k, stride, pad;
} Case;

static const Case cases[] = {
    {1, 1, 1, 1, 1, 1, 1, 0},  {2, 1, 28, 28, 6, 5, 1, 2}, {3, 6, 14, 14, 16, 5, 1, 0},
    {5, 3, 9, 7, 17, 3, 2, 1}, {4, 16, 6, 6, 33, 3, 1, 1}, {7, 2, 5, 8, 1, 2, 3, 1},
    {2, 5, 4, 4, 3, 4, 1, 3},  {9, 40, 8, 8, 48, 3, 1, 1}, {2, 33, 9, 9, 65, 3, 2, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* What a conv2d or a gradient of it takes and gives; a sum for each number of its result. */
typedef struct Conv {
    OpKind op;
    Case c;
    int64_t out_height, out_width;
    float *x, *w, *bias, *dout;
    double *exact, *size;
    int64_t *terms;
} Conv;

static int64_t x_count(const Conv *v)
{
    return (int64_t)v->c.n * v->c.c * v->c.h * v->c.w;
}

static int64_t w_count(const Conv *v)
{
    return (int64_t)v->c.o * v->c.c * v->c.k * v->c.k;
}

static int64_t y_count(const Conv *v)
{
    return v->c.n * v->c.o * v->out_height * v->out_width;
}

static int64_t result_count(const Conv *v)
{
    switch (v->op) {
    case OP_CONV2D:
        return y_count(v);
    case OP_CONV2D_DX:
        return x_count(v);
    case OP_CONV2D_DW:
        return w_count(v);
    default:
        return v->c.o;
    }
}

static void add(const Conv *v, int64_t at, double product)
{
    v->exact[at] += product;
    v->size[at] += fabs(product);
    v->terms[at]++;
}

/* One tap of one place: what it has to do with the result. `x` < 0: outside of the picture, a zero. */
static void add_tap(const Conv *v, int64_t x, int64_t w, int64_t y)
{
    double in = x < 0 ? 0.0 : (double)v->x[x];

    if (v->op == OP_CONV2D)
        add(v, y, in * (double)v->w[w]);
    else if (v->op == OP_CONV2D_DW)
        add(v, w, (double)v->dout[y] * in);
    else if (v->op == OP_CONV2D_DX && x >= 0)
        add(v, x, (double)v->dout[y] * (double)v->w[w]);
}

/* All taps of the place y, x of output o of example n. */
static void add_place(const Conv *v, int64_t at)
{
    int64_t x = at % v->out_width, y = at / v->out_width % v->out_height;
    int64_t o = at / (v->out_width * v->out_height) % v->c.o;
    int64_t n = at / (v->out_width * v->out_height) / v->c.o;

    for (int c = 0; c < v->c.c; c++)
        for (int i = 0; i < v->c.k; i++)
            for (int j = 0; j < v->c.k; j++) {
                int64_t row = y * v->c.stride + i - v->c.pad, col = x * v->c.stride + j - v->c.pad;
                bool inside = row >= 0 && row < v->c.h && col >= 0 && col < v->c.w;

                add_tap(v, inside ? ((n * v->c.c + c) * v->c.h + row) * v->c.w + col : -1,
                        ((o * v->c.c + c) * v->c.k + i) * v->c.k + j, at);
            }
    if (v->op == OP_CONV2D_DB)
        add(v, o, (double)v->dout[at]);
}

/* A sum as it is rounded before the bias comes to it. */
static double rounded_sum(Format format, double sum)
{
    float rounded = round_to(format, OVERFLOW_INFINITY, (float)sum);

    return isinf(rounded) || format == FORMAT_FP32 ? sum : (double)rounded;
}

static Interval with_bias(Format format, Interval sums, double bias)
{
    double low = rounded_sum(format, sums.low) + bias, high = rounded_sum(format, sums.high) + bias;

    return (Interval){.low = around(low, EPSILON * fabs(low)).low,
                      .high = around(high, EPSILON * fabs(high)).high};
}

static void check_sums(const Conv *v, Format format, const float *got, const char *what)
{
    int64_t places = v->out_height * v->out_width;

    for (int64_t i = 0; i < result_count(v); i++) {
        double error = 2 * EPSILON * ((double)v->terms[i] + 2) * v->size[i] + 0x1p-149;
        Interval may = around(v->exact[i], isfinite(v->size[i]) ? error : 0.0);

        if (v->op == OP_CONV2D)
            may = with_bias(format, may, (double)v->bias[i / places % v->c.o]);
        if (within(format, may, got[i]))
            continue;
        check(false, "%s: at %lld stands %a, not within %a ... %a", what, (long long)i,
              (double)got[i], may.low, may.high);
        return;
    }
    check(true, "%s", what);
}

static void check_bits(Pair *pair, const char *what)
{
    int last = pair->program.instr_count - 1;
    ValueId id = pair->program.instrs[last].out;
    int64_t count = value_count(&pair->program.values[id]), place;
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);
    CastCounts cpu_counts, gpu_counts;

    must(pair->cpu.class->counts_read(pair->cpu.plan, last, &cpu_counts), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, last, &gpu_counts), what);
    place = first_difference(cpu, gpu, count);
    check(place < 0, "%s: at %lld the CPU has %a, the device %a", what, (long long)place,
          (double)cpu[place < 0 ? 0 : place], (double)gpu[place < 0 ? 0 : place]);
    check_counts(&cpu_counts, &gpu_counts, what);
    free(cpu);
    free(gpu);
}

static void compare(Pair *pair, const Conv *v, Filling filling, const char *what)
{
    int last = pair->program.instr_count - 1;
    ValueId id = pair->program.instrs[last].out;
    Format format = pair->program.values[id].format;
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);
    CastCounts counts;

    must(pair->gpu.class->counts_read(pair->gpu.plan, last, &counts), what);
    check_sums(v, format, cpu, "the CPU itself");
    check_sums(v, format, gpu, what);
    check_partition(format, gpu, result_count(v), &counts, what);
    if (filling == WHOLE)
        check_bits(pair, what);
    free(cpu);
    free(gpu);
}

typedef struct Operand {
    const char *name;
    int rank;
    int64_t dims[VALUE_RANK];
    const float *values;
} Operand;

/* The operands of the op in their order, and its result last. */
static int operands_of(const Conv *v, Operand list[4])
{
    const Operand x = {"x", 4, {v->c.n, v->c.c, v->c.h, v->c.w}, v->x};
    const Operand w = {"w", 4, {v->c.o, v->c.c, v->c.k, v->c.k}, v->w};
    const Operand y = {"y", 4, {v->c.n, v->c.o, v->out_height, v->out_width}, v->dout};
    const Operand bias = {"bias", 1, {v->c.o}, v->bias};
    const Operand lists[4][4] = {{x, w, bias, y}, {y, w, x}, {y, x, w}, {y, bias}};
    static const int counts[] = {3, 2, 2, 1};
    int which = (int)v->op - (int)OP_CONV2D;

    memcpy(list, lists[which], sizeof lists[which]);
    return counts[which];
}

static void emit(Pair *pair, const Conv *v, Format format, Given in[3])
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    Format result = format == FORMAT_TF32 ? FORMAT_FP32 : format;
    ValueId ids[3] = {NO_VALUE, NO_VALUE, NO_VALUE}, out;
    Operand list[4];
    int count = operands_of(v, list);
    Instr *instr;

    for (int i = 0; i < count; i++) {
        Format format_of = i == 2 ? result : format;

        in[i] = op_given_of(&b, format_of, list[i].rank, list[i].dims, list[i].name);
        ids[i] = in[i].value;
    }
    out = builder_value(&b, ROLE_ACTIVATION, result, list[count].rank, list[count].dims, "out");
    instr = builder_emit_counted(&b, v->op, out, ids[0], ids[1], ids[2]);
    instr->constants[CONV_STRIDE] = (double)v->c.stride;
    instr->constants[CONV_PAD] = (double)v->c.pad;
}

static void try_filling(Pair *pair, const Conv *v, Format format, Filling filling)
{
    char what[LABEL_TEXT];
    Given in[3] = {{NO_VALUE, NO_VALUE}, {NO_VALUE, NO_VALUE}, {NO_VALUE, NO_VALUE}};
    Operand list[4];
    int count = operands_of(v, list);

    snprintf(what, sizeof what, "%s %s %dx%dx%dx%d %d k=%d stride=%d pad=%d %s",
             op_table[v->op].name, format_name(format), v->c.n, v->c.c, v->c.h, v->c.w, v->c.o,
             v->c.k, v->c.stride, v->c.pad, filling_names[filling]);
    pair_begin(pair, &op_no_data, v->c.n);
    emit(pair, v, format, in);
    if (pair_compile(pair, what)) {
        for (int i = 0; i < count; i++)
            pair_write(pair, in[i].master, list[i].values);
        if (pair_run(pair, what))
            compare(pair, v, filling, what);
    }
    pair_end(pair);
}

static void fill(Format format, Filling filling, uint64_t seed, int64_t count, float *values)
{
    if (filling == WHOLE)
        fill_whole(seed, count, values);
    else
        fill_normal(format, seed, 0.5, count, values);
    if (filling != SPECIAL)
        return;
    values[count / 2] = INFINITY;
    values[count - 1] = seed == 71 ? NAN : -INFINITY;
}

static void try_conv(Pair *pair, OpKind op, Format format, const Case *c, Filling filling)
{
    Conv v = {.op = op, .c = *c};
    Format result = format == FORMAT_TF32 ? FORMAT_FP32 : format;
    int64_t count;

    v.out_height = (c->h + 2 * c->pad - c->k) / c->stride + 1;
    v.out_width = (c->w + 2 * c->pad - c->k) / c->stride + 1;
    count = result_count(&v);
    v.x = xcalloc((size_t)x_count(&v), sizeof *v.x);
    v.w = xcalloc((size_t)w_count(&v), sizeof *v.w);
    v.bias = xcalloc((size_t)c->o, sizeof *v.bias);
    v.dout = xcalloc((size_t)y_count(&v), sizeof *v.dout);
    v.exact = xcalloc((size_t)count, sizeof *v.exact);
    v.size = xcalloc((size_t)count, sizeof *v.size);
    v.terms = xcalloc((size_t)count, sizeof *v.terms);
    fill(format, filling, 71, x_count(&v), v.x);
    fill(format, filling, 72, w_count(&v), v.w);
    fill(result, filling == SPECIAL ? NORMAL : filling, 73, c->o, v.bias);
    fill(format, filling, 74, y_count(&v), v.dout);
    for (int64_t at = 0; at < y_count(&v); at++)
        add_place(&v, at);
    try_filling(pair, &v, format, filling);
    free(v.x);
    free(v.w);
    free(v.bias);
    free(v.dout);
    free(v.exact);
    free(v.size);
    free(v.terms);
}

/* x, or dout and x: numbers of all kinds. */
static void try_pool(Pair *pair, OpKind op, Format format, const Case *c)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    bool backward = op == OP_MAXPOOL_BACKWARD || op == OP_AVGPOOL_BACKWARD;
    const int64_t wide[] = {c->n, c->c, c->h, c->w}, few[] = {c->n, c->c, c->h / c->k, c->w / c->k};
    int64_t count = (int64_t)c->n * c->c * c->h * c->w;
    float *x = xcalloc((size_t)count, sizeof *x), *dout = xcalloc((size_t)count, sizeof *dout);
    Given in = {NO_VALUE, NO_VALUE}, grad = {NO_VALUE, NO_VALUE};
    char what[LABEL_TEXT];
    ValueId out;

    snprintf(what, sizeof what, "%s %s %dx%dx%dx%d %d", op_table[op].name, format_name(format),
             c->n, c->c, c->h, c->w, c->k);
    fill_special(format, 81, count, x);
    fill_special(format, 82, count, dout);
    pair_begin(pair, &op_no_data, c->n);
    if (backward)
        grad = op_given_of(&b, format, 4, few, "dout");
    if (op != OP_AVGPOOL_BACKWARD)
        in = op_given_of(&b, format, 4, wide, "x");
    out = builder_value(&b, ROLE_ACTIVATION, format, 4, backward ? wide : few, "out");
    builder_emit_counted(&b, op, out, backward ? grad.value : in.value,
                         backward ? in.value : NO_VALUE, NO_VALUE)
        ->constants[POOL_SIDE] = (double)c->k;
    if (pair_compile(pair, what)) {
        if (backward)
            pair_write(pair, grad.master, dout);
        if (in.master != NO_VALUE)
            pair_write(pair, in.master, x);
        if (pair_run(pair, what))
            check_bits(pair, what);
    }
    pair_end(pair);
    free(x);
    free(dout);
}

/* The same random numbers on both. */
static void try_dropout(Pair *pair, Format format, Shape shape, double rate)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    const Scalars scalars = {.scale = 1.0f,
                             .loss_weight = 1.0f,
                             .seed = UINT64_C(0x123456789ABCDEF),
                             .position = (INT64_C(1) << 33) + 5};
    float *x = xcalloc((size_t)(shape.rows * shape.cols), sizeof *x);
    char what[LABEL_TEXT];
    Given in;
    Instr *instr;

    snprintf(what, sizeof what, "dropout %s %lldx%lld %g", format_name(format),
             (long long)shape.rows, (long long)shape.cols, rate);
    fill_special(format, 83, shape.rows * shape.cols, x);
    pair_begin(pair, &op_no_data, shape.rows);
    in = op_given(&b, shape, format, "x");
    instr = builder_emit_counted(&b, OP_DROPOUT,
                                 builder_like(&b, in.value, ROLE_ACTIVATION, format, "out"),
                                 in.value, NO_VALUE, NO_VALUE);
    instr->constants[DROPOUT_RATE] = rate;
    instr->constants[DROPOUT_PLACE] = 3.0;
    if (pair_compile(pair, what)) {
        pair_scalars(pair, &scalars);
        pair_write(pair, in.master, x);
        if (pair_run(pair, what))
            check_bits(pair, what);
    }
    pair_end(pair);
    free(x);
}

static void try_convs(Pair *pair, const Case *c)
{
    for (OpKind op = OP_CONV2D; op <= OP_CONV2D_DB; op++)
        for (Format f = FORMAT_FP32; f <= FORMAT_BF16; f++)
            for (Filling filling = NORMAL; filling < FILLINGS; filling++)
                if (op != OP_CONV2D_DB || f != FORMAT_TF32)
                    try_conv(pair, op, f, c, filling);
}

static void try_pools(Pair *pair, const Case *c)
{
    if (c->k > c->h || c->k > c->w)
        return;
    for (OpKind op = OP_MAXPOOL; op <= OP_AVGPOOL_BACKWARD; op++)
        for (int f = 0; f < OP_FORMATS; f++)
            try_pool(pair, op, op_formats[f], c);
}

void ops_places(Pair *pair)
{
    for (int c = 0; c < CASES; c++) {
        try_convs(pair, &cases[c]);
        try_pools(pair, &cases[c]);
    }
    for (int f = 0; f < OP_FORMATS; f++)
        for (int i = 0; i < op_shape_count(); i++) {
            try_dropout(pair, op_formats[f], op_shapes[i], 0.1);
            try_dropout(pair, op_formats[f], op_shapes[i], 0.5);
        }
}
