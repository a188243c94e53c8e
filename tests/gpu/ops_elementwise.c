/* Casts and the ops that look at one place of their operands at a time. */
#include "ops.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EPSILON 0x1p-24 /* half a unit in the last place of 1, in fp32 */
#define TINY    0x1p-149

/* The exact result at one place, give or take what computing it in fp32 may err. */
typedef Interval Exact(double x, double y);

typedef struct Elementwise {
    OpKind op;
    Exact *exact; /* NULL: the CPU's bits */
} Elementwise;

static double below(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

/* 1 + erf cancels for x < 0, by the formula that PyTorch has too: erff errs by 2 ulp of a number up to 1,
 * the sum and the argument by a half each. */
static Interval exact_gelu(double x, double unused)
{
    double exact = x * below(x);

    (void)unused;
    if (isinf(x))
        return around(x > 0 ? x : (double)NAN, 0.0); /* -inf times 0 */
    return around(exact, fabs(x) * 0.5 * 8 * EPSILON + 4 * EPSILON * fabs(exact) + TINY);
}

/* expf errs by 2 ulp, and its argument -x^2/2 by one, which counts x^2/2 times. */
static Interval exact_gelu_backward(double dout, double x)
{
    double density = exp(-0.5 * x * x) * 0.39894228040143267794;
    double bump = isinf(x) ? (double)NAN : x * density; /* inf times 0 */
    double slope = below(x) + bump, exact = dout * slope;
    double error = 6 * EPSILON + (bump == 0.0 ? 0.0 : fabs(bump) * (x * x + 8) * 2 * EPSILON);

    if (isinf(dout) && fabs(slope) <= error)
        return anything(); /* the slope's sign is within its error */
    return around(exact, fabs(dout) * error + 4 * EPSILON * fabs(exact) + TINY);
}

/* tanhf errs by 2 ulp. */
static Interval exact_tanh(double x, double unused)
{
    (void)unused;
    return around(tanh(x), 5 * EPSILON * fabs(tanh(x)) + TINY);
}

static const Elementwise table[] = {
    {OP_ADD, NULL},
    {OP_CAST, NULL},
    {OP_RELU, NULL},
    {OP_RELU_BACKWARD, NULL},
    {OP_GELU, exact_gelu},
    {OP_TANH, exact_tanh},
    {OP_GELU_BACKWARD, exact_gelu_backward},
    {OP_TANH_BACKWARD, NULL},
};

static void check_within(const Elementwise *row, Format format, const float *const in[2],
                         const float *out, int64_t count, const char *what)
{
    for (int64_t i = 0; i < count; i++) {
        double x = (double)in[0][i], y = in[1] != NULL ? (double)in[1][i] : 0.0;
        Interval may = row->exact(x, y);

        if (within(format, may, out[i]))
            continue;
        check(false, "%s: of %a, %a at %lld comes %a, not within %a ... %a", what, x, y,
              (long long)i, (double)out[i], may.low, may.high);
        return;
    }
    check(true, "%s", what);
}

static void compare(Pair *pair, const Elementwise *row, const float *const in[2], const char *what)
{
    int last = pair->program.instr_count - 1;
    ValueId out = pair->program.instrs[last].out;
    const Value *value = &pair->program.values[out];
    int64_t count = value_count(value), place;
    float *cpu = side_read(&pair->cpu, &pair->program, out);
    float *gpu = side_read(&pair->gpu, &pair->program, out);
    CastCounts cpu_counts, gpu_counts;

    must(pair->cpu.class->counts_read(pair->cpu.plan, last, &cpu_counts), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, last, &gpu_counts), what);
    if (row->exact == NULL) {
        place = first_difference(cpu, gpu, count);
        check(place < 0, "%s: at %lld the CPU has %a, the device %a", what, (long long)place,
              (double)cpu[place < 0 ? 0 : place], (double)gpu[place < 0 ? 0 : place]);
        check_counts(&cpu_counts, &gpu_counts, what);
    } else {
        check_within(row, value->format, in, cpu, count, "the CPU itself");
        check_within(row, value->format, in, gpu, count, what);
    }
    check_partition(value->format, gpu, count, &gpu_counts, what);
    free(cpu);
    free(gpu);
}

static float *given_values(Format format, uint64_t seed, int64_t count)
{
    float *values = malloc((size_t)count * sizeof *values);

    fill_special(format, seed, count, values);
    return values;
}

/* A cast reads fp32 numbers of all kinds; the others numbers of their format, and their second operand is
 * in that of the result. */
static void try_one(Pair *pair, const Elementwise *row, Format from, Format to, Shape shape)
{
    int64_t count = shape.rows * shape.cols;
    int inputs = op_table[row->op].inputs;
    Builder builder = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = true};
    float *values[2] = {given_values(from, 1, count),
                        inputs > 1 ? given_values(to, 2, count) : NULL};
    Given a, b = {NO_VALUE, NO_VALUE};
    char what[LABEL_TEXT];
    ValueId out;

    snprintf(what, sizeof what, "%s %s -> %s %lldx%lld", op_table[row->op].name, format_name(from),
             format_name(to), (long long)shape.rows, (long long)shape.cols);
    pair_begin(pair, &op_no_data, shape.rows);
    a = op_given(&builder, shape, from, "a");
    if (inputs > 1)
        b = op_given(&builder, shape, to, "b");
    out = builder_like(&builder, a.value, ROLE_ACTIVATION, to, "out");
    builder_emit_counted(&builder, row->op, out, a.value, b.value, NO_VALUE);
    if (pair_compile(pair, what)) {
        pair_write(pair, a.master, values[0]);
        if (inputs > 1)
            pair_write(pair, b.master, values[1]);
        if (pair_run(pair, what))
            compare(pair, row, (const float *const[]){values[0], values[1]}, what);
    }
    pair_end(pair);
    free(values[0]);
    free(values[1]);
}

static void try_cast(Pair *pair, size_t row, Format format, Shape shape)
{
    try_one(pair, &table[row], FORMAT_FP32, format, shape);
    if (format != FORMAT_FP32)
        try_one(pair, &table[row], format, FORMAT_FP32, shape);
    else
        try_one(pair, &table[row], FORMAT_FP32, FORMAT_TF32, shape);
}

static void try_format(Pair *pair, size_t row, Format format, Shape shape)
{
    if (table[row].op == OP_CAST) {
        try_cast(pair, row, format, shape);
        return;
    }
    try_one(pair, &table[row], format, format, shape);
    if (table[row].op == OP_ADD && format != FORMAT_FP32)
        try_one(pair, &table[row], format, FORMAT_FP32, shape);
}

void ops_elementwise(Pair *pair)
{
    for (size_t r = 0; r < sizeof table / sizeof table[0]; r++)
        for (int f = 0; f < OP_FORMATS; f++)
            for (int s = 0; s < op_shape_count(); s++)
                try_format(pair, r, op_formats[f], op_shapes[s]);
}
