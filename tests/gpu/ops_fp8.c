/* fp8_scale, cast_fp8 and fp8_history to the bit, counts too; and products of fp8 operands.
 *
 * Tensor cores add up fp8 products with about 13 bits (numerics of Hopper): a sum may err by 2^-9 of the sum
 * of the magnitudes, where those of the CPU, in fp32, err by 2^-23 k. Sums of small whole numbers are
 * exact in either. Convolutions multiply the same numbers as bf16, and are held to fp32's bound.
 */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_KEPT = 5 };

#define SHORT_SUMS 0x1p-9
#define EPSILON    0x1p-24

/* A tensor, cast: what instructions it took. */
typedef struct Cast8 {
    Given given;
    ValueId history, scale, copy;
    int instr; /* of cast_fp8 */
} Cast8;

typedef struct CastTo {
    Format to;
    Fp8Scaling how;
    const char *name;
} CastTo;

static Cast8 emit_cast(Builder *b, int rank, const int64_t *dims, Format from, const CastTo *as)
{
    const int64_t numbers[] = {FP8_NUMBERS}, steps[] = {STEPS_KEPT + 1};
    Cast8 cast = {.given = op_given_of(b, from, rank, dims, as->name)};
    Instr *instr;

    cast.history = builder_value(b, ROLE_HISTORY, FORMAT_FP32, 1, steps, "%s.fp8_amax", as->name);
    cast.scale = builder_value(b, ROLE_SCALAR, FORMAT_FP32, 1, numbers, "%s.fp8_scale", as->name);
    instr = builder_emit(b, OP_FP8_SCALE, cast.scale, cast.given.value, cast.history, NO_VALUE);
    instr->constants[FP8_HOW] = as->how;
    instr->constants[FP8_MARGIN] = as->how == FP8_SCALING_DELAYED ? 1.0 : 0.0;
    instr->constants[FP8_FORMAT] = as->to;
    cast.copy =
        builder_value(b, ROLE_COPY, as->to, rank, dims, "%s.%s", as->name, format_name(as->to));
    b->program->values[cast.copy].source = cast.given.value;
    cast.instr = b->program->instr_count;
    builder_emit_counted(b, OP_CAST_FP8, cast.copy, cast.given.value, cast.scale, NO_VALUE);
    return cast;
}

static void same_counts(Pair *pair, int instr, const char *what)
{
    CastCounts cpu, gpu;

    must(pair->cpu.class->counts_read(pair->cpu.plan, instr, &cpu), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, instr, &gpu), what);
    check_counts(&cpu, &gpu, what);
}

typedef struct CastCase {
    Format from, to;
    Fp8Scaling how;
    Shape shape;
    bool special;
    float history[STEPS_KEPT + 1];
} CastCase;

static void try_cast(Pair *pair, const CastCase *c)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    int64_t count = c->shape.rows * c->shape.cols, dims[] = {c->shape.rows, c->shape.cols};
    float *values = xcalloc((size_t)count, sizeof *values);
    char what[LABEL_TEXT];
    Cast8 cast;

    snprintf(what, sizeof what, "cast_fp8 %s to %s %s %lldx%lld%s, history %g",
             format_name(c->from), format_name(c->to), fp8_scaling_names[c->how],
             (long long)c->shape.rows, (long long)c->shape.cols, c->special ? " special" : "",
             (double)c->history[FP8_LAST_AMAX]);
    if (c->special)
        fill_special(FORMAT_FP32, 7, count, values);
    else
        fill_normal(FORMAT_FP32, 71, 3.0, count, values);
    pair_begin(pair, &op_no_data, c->shape.rows);
    cast = emit_cast(&b, 2, dims, c->from, &(CastTo){c->to, c->how, "a"});
    b.phase = PHASE_UPDATE;
    builder_emit(&b, OP_FP8_HISTORY, NO_VALUE, cast.history, cast.scale, NO_VALUE);
    if (pair_compile(pair, what)) {
        pair_write(pair, cast.given.master, values);
        pair_write(pair, cast.history, c->history);
        if (pair_run(pair, what)) {
            pair_same(pair, cast.scale, what, 1);
            pair_same(pair, cast.copy, what, 1);
            pair_same(pair, cast.history, what, 1);
            same_counts(pair, cast.instr, what);
        }
    }
    pair_end(pair);
    free(values);
}

static void try_history(Pair *pair, const float *history, int number, Fp8Scaling how, Shape shape)
{
    for (Format to = FORMAT_E4M3; to <= FORMAT_E5M2; to++) {
        CastCase c = {.from = number % 2 ? FORMAT_BF16 : FORMAT_FP32,
                      .to = to,
                      .how = how,
                      .shape = shape,
                      .special = number >= 2};

        memcpy(c.history, history, sizeof c.history);
        try_cast(pair, &c);
    }
}

static void try_casts(Pair *pair)
{
    static const float histories[][STEPS_KEPT + 1] = {
        {0.0f},                                  /* before the first step */
        {3.0f, 0.5f, 2.0f, 0.25f},               /* of late: calm, so that 3 is clamped */
        {7.0f, INFINITY, 1.0f},                  /* an infinity keeps the scale before */
        {1.0f, 1e-44f, 0.0f, 1e-44f, 0.0f, 0.0f} /* a scale beyond the largest float */
    };

    for (size_t h = 0; h < sizeof histories / sizeof histories[0]; h++)
        for (int s = 0; s < op_shape_count(); s++)
            for (int how = 0; how < FP8_SCALINGS; how++)
                if (h == 0 || how == FP8_SCALING_DELAYED || (h == 2 && s < 5))
                    try_history(pair, histories[h], (int)h, (Fp8Scaling)how, op_shapes[s]);
}

/* What both backends multiply: rows of `a` and of `b`, k along them, as they were cast. */
typedef struct Product8 {
    OpKind op;
    int64_t m, n, k;
    float *a, *b, *bias;
    double inverse;
} Product8;

/* The operand as it stands in the program, (m, k) or turned (k, m). */
static float *read_operand(const Side *side, const Program *program, ValueId id, int64_t rows,
                           int64_t cols, bool turned)
{
    float *stored = side_read(side, program, id), *made;

    if (!turned)
        return stored;
    made = xcalloc((size_t)(rows * cols), sizeof *made);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            made[i * cols + j] = stored[j * rows + i];
    free(stored);
    return made;
}

static void check_number(const Product8 *p, int64_t place, float got, double share,
                         const char *what, bool *right)
{
    const float *a = p->a + place / p->n * p->k, *b = p->b + place % p->n * p->k;
    double bias = p->bias == NULL ? 0.0 : (double)p->bias[place % p->n], exact = 0.0, size = 0.0;
    Interval may;

    for (int64_t k = 0; k < p->k; k++) {
        exact += (double)a[k] * (double)b[k];
        size += fabs((double)a[k] * (double)b[k]);
    }
    exact = exact * p->inverse + bias;
    size = size * p->inverse + fabs(bias);
    may = around(exact, isfinite(size) ? share * size + 0x1p-140 : 0.0);
    if (*right && !within(FORMAT_BF16, may, got))
        *right = check(false, "%s: at %lld stands %a, not within %a ... %a", what, (long long)place,
                       (double)got, may.low, may.high);
}

static void check_side(const Pair *pair, const Side *side, const Product8 *p, ValueId out,
                       double share, const char *what)
{
    float *got = side_read(side, &pair->program, out);
    bool right = true;

    for (int64_t place = 0; place < p->m * p->n; place++)
        check_number(p, place, got[place], share, what, &right);
    check(right, "%s", what);
    free(got);
}

static void compare(Pair *pair, Product8 *p, const Cast8 casts[2], ValueId out, bool whole,
                    const char *what)
{
    const Side *cpu = &pair->cpu;
    bool turned = p->op == OP_LINEAR_DW;
    float *scales[2];

    for (int i = 0; i < 2; i++) {
        pair_same(pair, casts[i].copy, what, 1);
        scales[i] = side_read(cpu, &pair->program, casts[i].scale);
    }
    p->inverse = (double)(scales[0][FP8_INVERSE] * scales[1][FP8_INVERSE]);
    free(scales[0]);
    free(scales[1]);
    p->a = read_operand(cpu, &pair->program, casts[0].copy, p->m, p->k, turned);
    p->b = read_operand(cpu, &pair->program, casts[1].copy, p->n, p->k, p->op != OP_LINEAR);
    if (whole)
        pair_same(pair, out, what, 1);
    check_side(pair, cpu, p, out, 2 * EPSILON * ((double)p->k + 4), "the CPU itself");
    check_side(pair, &pair->gpu, p, out, SHORT_SUMS, what);
    free(p->a);
    free(p->b);
}

/* Its result. */
static ValueId emit_product(Pair *pair, const Product8 *p, Format grads, bool whole, Cast8 casts[2],
                            Given *bias)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    bool turned = p->op == OP_LINEAR_DW;
    const int64_t a[] = {turned ? p->k : p->m, turned ? p->m : p->k};
    const int64_t w[] = {p->op == OP_LINEAR ? p->n : p->k, p->op == OP_LINEAR ? p->k : p->n};
    const int64_t dims[] = {p->m, p->n};
    Fp8Scaling how = whole ? FP8_SCALING_NONE : FP8_SCALING_CURRENT;
    ValueId out;

    casts[0] = emit_cast(&b, 2, a, FORMAT_FP32,
                         &(CastTo){p->op == OP_LINEAR ? FORMAT_E4M3 : grads, how, "a"});
    casts[1] = emit_cast(&b, 2, w, FORMAT_BF16, &(CastTo){FORMAT_E4M3, how, "b"});
    if (p->bias != NULL)
        *bias = op_given_of(&b, FORMAT_BF16, 1, dims + 1, "bias");
    out =
        builder_value(&b, turned ? ROLE_WEIGHT_GRAD : ROLE_ACTIVATION, FORMAT_BF16, 2, dims, "out");
    builder_emit_counted(&b, p->op, out, casts[0].copy, casts[1].copy,
                         p->bias == NULL ? NO_VALUE : bias->value);
    return out;
}

/* `whole`: of small whole numbers, whose sums are exact on both. */
static void try_product(Pair *pair, OpKind op, Format grads, const int64_t mnk[3], bool whole)
{
    Product8 p = {.op = op, .m = mnk[0], .n = mnk[1], .k = mnk[2]};
    float *a = xcalloc((size_t)(p.m * p.k), sizeof *a),
          *b = xcalloc((size_t)(p.n * p.k), sizeof *b);
    float *bias = op == OP_LINEAR ? xcalloc((size_t)p.n, sizeof *bias) : NULL;
    char what[LABEL_TEXT];
    Cast8 casts[2];
    Given given = {0};
    ValueId out;

    snprintf(what, sizeof what, "%s of fp8, gradients %s, %lldx%lldx%lld%s", op_table[op].name,
             format_name(grads), (long long)p.m, (long long)p.n, (long long)p.k,
             whole ? " whole" : "");
    if (whole) {
        fill_whole(81, p.m * p.k, a);
        fill_whole(82, p.n * p.k, b);
    } else {
        fill_normal(FORMAT_FP32, 81, 1.0, p.m * p.k, a);
        fill_normal(FORMAT_FP32, 82, 0.01, p.n * p.k, b);
    }
    if (bias != NULL && !whole)
        fill_normal(FORMAT_BF16, 83, 0.1, p.n, bias);
    p.bias = bias;
    pair_begin(pair, &op_no_data, op == OP_LINEAR_DW ? p.k : p.m);
    out = emit_product(pair, &p, grads, whole, casts, &given);
    if (pair_compile(pair, what)) {
        pair_write(pair, casts[0].given.master, a);
        pair_write(pair, casts[1].given.master, b);
        if (bias != NULL)
            pair_write(pair, given.master, bias);
        if (pair_run(pair, what))
            compare(pair, &p, casts, out, whole, what);
    }
    pair_end(pair);
    free(a);
    free(b);
    free(bias);
}

static void try_products(Pair *pair)
{
    static const OpKind ops[] = {OP_LINEAR, OP_LINEAR_DX, OP_LINEAR_DW};
    static const int64_t sizes[][3] = {{1, 1, 1},    {3, 5, 2},      {17, 33, 65}, {37, 131, 7},
                                       {64, 10, 48}, {64, 256, 784}, {16, 16, 16}, {5, 3, 1000},
                                       {8, 24, 40},  {250, 257, 330}};
    int count = sizeof sizes / sizeof sizes[0];

    for (int o = 0; o < 3; o++)
        for (Format grads = FORMAT_E4M3; grads <= FORMAT_E5M2; grads++)
            for (int s = 0; s < (pair_stands_in() ? count - 1 : count); s++) {
                try_product(pair, ops[o], grads, sizes[s], false);
                if (sizes[s][2] <= 65)
                    try_product(pair, ops[o], grads, sizes[s], true);
            }
}

/* (n, c, h, h), `o` kernels of 3, pad 1: h stays. */
static void try_conv(Pair *pair, OpKind op, int64_t n, int64_t c, int64_t o, int64_t h)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    const int64_t x[] = {n, c, h, h}, w[] = {o, c, 3, 3}, y[] = {n, o, h, h}, bias[] = {o};
    const int64_t *first = op == OP_CONV2D ? x : y, *second = op == OP_CONV2D_DW ? x : w;
    const int64_t *result = op == OP_CONV2D ? y : op == OP_CONV2D_DX ? x : w;
    Format grads = op == OP_CONV2D ? FORMAT_E4M3 : FORMAT_E5M2;
    float *values = xcalloc((size_t)(n * (c + o) * h * h + o * c * 9), sizeof *values);
    Cast8 casts[2];
    Given given = {0};
    ValueId out;
    Instr *instr;

    fill_normal(FORMAT_FP32, 91, 1.0, n * (c + o) * h * h + o * c * 9, values);
    pair_begin(pair, &op_no_data, n);
    casts[0] = emit_cast(&b, 4, first, FORMAT_FP32, &(CastTo){grads, FP8_SCALING_CURRENT, "a"});
    casts[1] =
        emit_cast(&b, 4, second, FORMAT_FP32, &(CastTo){FORMAT_E4M3, FP8_SCALING_CURRENT, "b"});
    if (op == OP_CONV2D)
        given = op_given_of(&b, FORMAT_BF16, 1, bias, "bias");
    out = builder_value(&b, ROLE_ACTIVATION, FORMAT_BF16, 4, result, "out");
    instr = builder_emit_counted(&b, op, out, casts[0].copy, casts[1].copy,
                                 op == OP_CONV2D ? given.value : NO_VALUE);
    instr->constants[CONV_STRIDE] = instr->constants[CONV_PAD] = 1.0;
    if (pair_compile(pair, op_table[op].name)) {
        pair_write(pair, casts[0].given.master, values);
        pair_write(pair, casts[1].given.master, values + n * o * h * h);
        if (op == OP_CONV2D)
            pair_write(pair, given.master, values + 3);
        if (pair_run(pair, op_table[op].name)) {
            float *cpu = side_read(&pair->cpu, &pair->program, out);
            float *gpu = side_read(&pair->gpu, &pair->program, out);
            double off = relative_distance(gpu, cpu, value_count(&pair->program.values[out]));

            pair_same(pair, casts[0].copy, op_table[op].name, 1);
            pair_same(pair, casts[1].copy, op_table[op].name, 1);
            check(off <= 1e-3, "%s of fp8: %g away from the CPU", op_table[op].name, off);
            free(cpu);
            free(gpu);
        }
    }
    pair_end(pair);
    free(values);
}

void ops_fp8(Pair *pair)
{
    try_casts(pair);
    try_products(pair);
    for (OpKind op = OP_CONV2D; op <= OP_CONV2D_DW; op++) {
        try_conv(pair, op, 3, 2, 5, 7);
        try_conv(pair, op, 8, 16, 16, 8);
        try_conv(pair, op, 1, 1, 1, 3);
    }
}
