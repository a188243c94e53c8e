/* linear, linear_dx, linear_dw and linear_db, against sums in double.
 *
 * A sum of k products in fp32, in any order, errs by at most k + 1 units of 2^-24 of the sum of the
 * magnitudes where each addition rounds to nearest, and by twice that where it cuts off, as tensor
 * cores do. Whatever the order, the stored number must lie between the roundings of both ends.
 * Where all sums are exact in any order, bits and counts are the CPU's.
 */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EPSILON 0x1p-24

typedef enum Filling { NORMAL, WHOLE, EDGE, SPECIAL, FILLINGS } Filling;

static const char *const filling_names[] = {"normal", "whole", "edge", "special"};

/* C (m, n) = A (m, k) B (k, n) + bias (n); where the instruction keeps them is another matter */
typedef struct Product {
    OpKind op;
    int64_t m, n, k;
    float *a, *b, *bias; /* (m, k), (n, k), (n); bias: NULL where there is none */
} Product;

/* Row by row an edge of overflow or of underflow, met by sums of two exact products. */
static void fill_edge(const Product *p, Format format)
{
    const FormatInfo *info = &format_table[format];
    double unit = ldexp(1.0, info->max_exponent - info->mantissa_bits - 5);

    for (int64_t i = 0; i < p->m; i++) {
        p->a[i * p->k] = i % 2 ? 0.0f : (float)info->max;
        p->a[i * p->k + 1] = i % 2 ? 0.0f : (float)((double)(i / 2 % 31) * unit);
        p->a[i * p->k + 2] = i % 2 ? (float)info->min_subnormal : 0.0f;
    }
    for (int64_t j = 0; j < p->n; j++) {
        p->b[j * p->k] = j % 2 ? -1.0f : 1.0f;
        p->b[j * p->k + 1] = j % 2 ? -1.0f : 1.0f;
        p->b[j * p->k + 2] = (float)(0.5 + (double)(j % 3 - 1) * 0x1p-7);
    }
}

static void fill(const Product *p, Format format, Filling filling)
{
    int64_t a = p->m * p->k, b = p->n * p->k;

    if (filling == EDGE) {
        fill_edge(p, format);
    } else if (filling == WHOLE) {
        fill_whole(61, a, p->a);
        fill_whole(62, b, p->b);
        if (p->bias != NULL)
            fill_whole(63, p->n, p->bias);
    } else {
        fill_normal(format, 61, 1.0, a, p->a);
        fill_normal(format, 62, 0.1, b, p->b);
        if (p->bias != NULL)
            fill_normal(format, 63, 0.1, p->n, p->bias);
    }
    if (filling == SPECIAL) {
        p->a[a / 2] = INFINITY;
        p->a[a - 1] = NAN;
        p->b[b / 3] = -INFINITY;
        p->b[b / 5] = 0.0f;
    }
}

static void transpose(const float *in, int64_t rows, int64_t cols, float *out)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            out[j * rows + i] = in[i * cols + j];
}

static void write_operand(Pair *pair, ValueId id, const float *values, int64_t rows, int64_t cols,
                          bool transposed)
{
    float *turned;

    if (!transposed) {
        pair_write(pair, id, values);
        return;
    }
    turned = xaligned((size_t)(rows * cols), sizeof *turned);
    transpose(values, rows, cols, turned);
    pair_write(pair, id, turned);
    free(turned);
}

typedef struct Sum {
    double exact, size;
} Sum;

static Sum sum_of(const Product *p, int64_t i, int64_t j)
{
    const float *a = p->a + i * p->k, *b = p->b + j * p->k;
    Sum sum = {p->bias != NULL ? (double)p->bias[j] : 0.0, 0.0};

    sum.size = fabs(sum.exact);
    for (int64_t k = 0; k < p->k; k++) {
        double product = (double)a[k] * (double)b[k];

        sum.exact += product;
        sum.size += fabs(product);
    }
    return sum;
}

/* How far all sums together are off, in units of 2^-24 of their sizes: TF32 taken for fp32 shows
 * here, also where it stays within the bound of each. */
typedef struct Spread {
    double error, size;
} Spread;

static bool number_within(const Product *p, Format format, int64_t place, float got, Spread *spread,
                          const char *what)
{
    Sum sum = sum_of(p, place / p->n, place % p->n);
    double error = 2 * EPSILON * ((double)p->k + 2) * sum.size + 0x1p-149;
    Interval may = around(sum.exact, isfinite(sum.size) ? error : 0.0);

    if (isfinite(sum.exact)) {
        spread->error += ((double)got - sum.exact) * ((double)got - sum.exact);
        spread->size += sum.size * sum.size;
    }
    return within(format, may, got) ||
           check(false, "%s: at %lld stands %a, not within %a ... %a", what, (long long)place,
                 (double)got, may.low, may.high);
}

static void check_sums(const Product *p, Format format, const float *got, const char *what)
{
    Spread spread = {0.0, 0.0};
    double most = sqrt((double)p->k) * 4 * EPSILON;

    for (int64_t place = 0; place < p->m * p->n; place++)
        if (!number_within(p, format, place, got[place], &spread, what))
            return;
    check(true, "%s", what);
    if (format == FORMAT_FP32 && spread.size > 0.0)
        check(sqrt(spread.error / spread.size) <= most,
              "%s: on the whole sums err by %g of their size, at most %g is taken", what,
              sqrt(spread.error / spread.size), most);
}

static void check_same(const float *cpu, const float *gpu, int64_t count, const char *what)
{
    int64_t place = first_difference(cpu, gpu, count);

    check(place < 0, "%s: at %lld the CPU has %a, the device %a", what, (long long)place,
          (double)cpu[place < 0 ? 0 : place], (double)gpu[place < 0 ? 0 : place]);
}

static void compare(Pair *pair, const Product *p, Filling filling, const char *what)
{
    int last = pair->program.instr_count - 1;
    ValueId id = pair->program.instrs[last].out;
    Format format = pair->program.values[id].format;
    int64_t count = p->m * p->n;
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);
    CastCounts cpu_counts, gpu_counts;

    must(pair->cpu.class->counts_read(pair->cpu.plan, last, &cpu_counts), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, last, &gpu_counts), what);
    if (filling == WHOLE || filling == EDGE) {
        check_same(cpu, gpu, count, what);
        check_counts(&cpu_counts, &gpu_counts, what);
    }
    check_sums(p, format, cpu, "the CPU itself");
    check_sums(p, format, gpu, what);
    check_partition(format, gpu, count, &gpu_counts, what);
    free(cpu);
    free(gpu);
}

/* linear: x = A, W = B^T as stored. linear_dx: dout = A, W = B. linear_dw: dout = A^T, x = B.
 * linear_db: dout = A^T, B all ones. */
static void emit_product(Pair *pair, const Product *p, Format format, Given given[3])
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = true};
    bool backward = p->op == OP_LINEAR_DW || p->op == OP_LINEAR_DB;
    const int64_t dims[] = {p->m, p->n};
    ValueId out, in[3] = {NO_VALUE, NO_VALUE, NO_VALUE};
    Format result = format == FORMAT_TF32 ? FORMAT_FP32 : format;

    given[0] = op_given(&b, backward ? (Shape){p->k, p->m} : (Shape){p->m, p->k}, format, "a");
    if (p->op != OP_LINEAR_DB)
        given[1] = op_given(&b, p->op == OP_LINEAR ? (Shape){p->n, p->k} : (Shape){p->k, p->n},
                            format, "b");
    if (p->bias != NULL) {
        given[2] = op_given(&b, (Shape){p->n, 1}, result, "bias");
        pair->program.values[given[2].value].rank = 1;
        pair->program.values[given[2].master].rank = 1;
    }
    out = builder_value(&b, backward ? ROLE_WEIGHT_GRAD : ROLE_ACTIVATION, result,
                        p->op == OP_LINEAR_DB ? 1 : 2, dims, "out");
    for (int i = 0; i < op_table[p->op].inputs; i++)
        in[i] = given[i].value;
    builder_emit_counted(&b, p->op, out, in[0], in[1], in[2]);
}

static void write_operands(Pair *pair, const Product *p, const Given given[3])
{
    bool backward = p->op == OP_LINEAR_DW || p->op == OP_LINEAR_DB;

    write_operand(pair, given[0].master, p->a, p->m, p->k, backward);
    if (p->op != OP_LINEAR_DB)
        write_operand(pair, given[1].master, p->b, p->n, p->k, p->op != OP_LINEAR);
    if (p->bias != NULL)
        pair_write(pair, given[2].master, p->bias);
}

static void try_filling(Pair *pair, const Product *p, Format format, Filling filling)
{
    Given given[3];
    char what[LABEL_TEXT];

    snprintf(what, sizeof what, "%s %s %lldx%lldx%lld %s", op_table[p->op].name,
             format_name(format), (long long)p->m, (long long)p->n, (long long)p->k,
             filling_names[filling]);
    fill(p, format, filling);
    if (p->op == OP_LINEAR_DB)
        for (int64_t k = 0; k < p->k; k++)
            p->b[k] = 1.0f;
    pair_begin(pair, &op_no_data, p->op == OP_LINEAR_DW || p->op == OP_LINEAR_DB ? p->k : p->m);
    emit_product(pair, p, format, given);
    if (pair_compile(pair, what)) {
        write_operands(pair, p, given);
        if (pair_run(pair, what))
            compare(pair, p, filling, what);
    }
    pair_end(pair);
}

static void try_product(Pair *pair, OpKind op, Format format, const int64_t mnk[3])
{
    Product p = {.op = op, .m = mnk[0], .n = op == OP_LINEAR_DB ? 1 : mnk[1], .k = mnk[2]};

    for (Filling filling = NORMAL; filling < FILLINGS; filling++) {
        if (filling == EDGE && (p.k < 3 || format <= FORMAT_TF32 || op == OP_LINEAR_DB))
            continue;
        p.a = xcalloc((size_t)(p.m * p.k), sizeof *p.a);
        p.b = xcalloc((size_t)(p.n * p.k), sizeof *p.b);
        p.bias = op == OP_LINEAR ? xcalloc((size_t)p.n, sizeof *p.bias) : NULL;
        try_filling(pair, &p, format, filling);
        free(p.a);
        free(p.b);
        free(p.bias);
    }
}

void ops_products(Pair *pair)
{
    static const OpKind ops[] = {OP_LINEAR, OP_LINEAR_DX, OP_LINEAR_DW, OP_LINEAR_DB};
    static const int64_t sizes[][3] = {
        {1, 1, 1},      {3, 5, 2},     {1, 10, 33},   {17, 33, 65},     {37, 131, 7},
        {64, 256, 784}, {64, 10, 128}, {256, 784, 1}, {128, 256, 64},   {5, 3, 1000},
        {100, 36, 49},  {16, 16, 16},  {8, 24, 40},   {1000, 257, 1030}};
    int count = sizeof sizes / sizeof sizes[0];

    for (int o = 0; o < 4; o++)
        for (Format f = FORMAT_FP32; f <= FORMAT_BF16; f++)
            for (int s = 0; s < count; s++)
                if ((ops[o] != OP_LINEAR_DB || f != FORMAT_TF32) &&
                    (s < count - 1 || !pair_stands_in() || (o == 0 && f == FORMAT_FP16)))
                    try_product(pair, ops[o], f, sizes[s]);
}
