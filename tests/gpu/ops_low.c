/* log_softmax, layernorm and their gradients where they are forced into a low format.
 *
 * Every intermediate is rounded, so that what both backends have is the same but where a sum, exp, log or
 * root on its way was just at the middle between two numbers: few places may differ, and by little.
 * Where a row breaks (squares or exp overflow) both have the same nan, infinity or zero.
 */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Forced {
    OpKind op;
    Format format;
    Shape shape;
    double size;
    bool unstable;
} Forced;

static bool is_causal(OpKind op)
{
    return op == OP_CAUSAL_SOFTMAX || op == OP_CAUSAL_SOFTMAX_BACKWARD;
}

/* The shape of the operands, and of the result but for that of layernorm_dw. */
static int dims_of(const Forced *f, int64_t dims[4])
{
    const int64_t square[] = {f->shape.rows, 1, f->shape.cols, f->shape.cols};
    const int64_t whole[] = {f->shape.rows, f->shape.cols};

    if (is_causal(f->op)) {
        memcpy(dims, square, sizeof square);
        return 4;
    }
    memcpy(dims, whole, sizeof whole);
    return 2;
}

static ValueId emit(Pair *pair, const Forced *f, Given given[4])
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    const int64_t each[] = {f->shape.cols};
    bool weights = f->op == OP_LAYERNORM_DW;
    int64_t dims[4];
    int rank = dims_of(f, dims);
    Instr *instr;
    ValueId out;

    given[0] = op_given_of(&b, f->format, rank, dims, "x");
    given[1] = op_given_of(&b, f->format, rank, dims, "dout");
    given[2] = op_given_of(&b, FORMAT_FP32, 1, each, "w");
    given[3] = op_given_of(&b, FORMAT_FP32, 1, each, "b");
    out = builder_value(&b, ROLE_ACTIVATION, f->format, weights ? 1 : rank, weights ? each : dims,
                        "out");
    if (f->op == OP_LAYERNORM)
        instr =
            builder_emit_counted(&b, f->op, out, given[0].value, given[2].value, given[3].value);
    else if (f->op == OP_LOG_SOFTMAX || f->op == OP_CAUSAL_SOFTMAX)
        instr = builder_emit_counted(&b, f->op, out, given[0].value, NO_VALUE, NO_VALUE);
    else
        instr = builder_emit_counted(&b, f->op, out, given[1].value, given[0].value,
                                     f->op == OP_LAYERNORM_DX ? given[2].value : NO_VALUE);
    instr->constants[LOW_FORMAT] = f->format;
    instr->constants[LOW_UNSTABLE] = f->unstable;
    return out;
}

static void compare(Pair *pair, const Forced *f, ValueId out, const char *what)
{
    const Value *value = &pair->program.values[out];
    int64_t count = value_count(value), unlike = 0, broken = 0;
    float *cpu = side_read(&pair->cpu, &pair->program, out);
    float *gpu = side_read(&pair->gpu, &pair->program, out);
    double off;

    for (int64_t i = 0; i < count; i++) {
        unlike += !same_bits(cpu[i], gpu[i]);
        broken += isfinite(cpu[i]) != isfinite(gpu[i]);
    }
    off = relative_distance(gpu, cpu, count);
    check(broken == 0, "%s: %lld places are finite on one side alone", what, (long long)broken);
    check(off <= ldexp(16.0, -format_table[f->format].mantissa_bits),
          "%s: %g away from the CPU, "
          "%lld of %lld places unlike",
          what, off, (long long)unlike, (long long)count);
    free(cpu);
    free(gpu);
}

static void try_forced(Pair *pair, const Forced *f)
{
    int64_t count = f->shape.rows * f->shape.cols * (is_causal(f->op) ? f->shape.cols : 1);
    float *x = xcalloc((size_t)count, sizeof *x), *dout = xcalloc((size_t)count, sizeof *dout);
    float *w = xcalloc((size_t)f->shape.cols, sizeof *w);
    char what[LABEL_TEXT];
    Given given[4];
    ValueId out;

    snprintf(what, sizeof what, "%s forced into %s %lldx%lld of %g%s", op_table[f->op].name,
             format_name(f->format), (long long)f->shape.rows, (long long)f->shape.cols, f->size,
             f->unstable ? " unstable" : "");
    fill_normal(f->format, 31, f->size, count, x);
    if (f->op == OP_LOG_SOFTMAX_BACKWARD) /* a logarithm of a share */
        for (int64_t i = 0; i < count; i++)
            x[i] = -fabsf(x[i]);
    fill_normal(f->format, 32, 1.0, count, dout);
    fill_normal(FORMAT_FP32, 33, 1.0, f->shape.cols, w);
    pair_begin(pair, &op_no_data, f->shape.rows);
    out = emit(pair, f, given);
    if (pair_compile(pair, what)) {
        pair_write(pair, given[0].master, x);
        pair_write(pair, given[1].master, dout);
        pair_write(pair, given[2].master, w);
        pair_write(pair, given[3].master, w);
        if (pair_run(pair, what))
            compare(pair, f, out, what);
    }
    pair_end(pair);
    free(x);
    free(dout);
    free(w);
}

void ops_low(Pair *pair)
{
    static const OpKind ops[] = {OP_LAYERNORM,
                                 OP_LAYERNORM_DX,
                                 OP_LAYERNORM_DW,
                                 OP_LOG_SOFTMAX,
                                 OP_LOG_SOFTMAX_BACKWARD,
                                 OP_CAUSAL_SOFTMAX,
                                 OP_CAUSAL_SOFTMAX_BACKWARD};
    static const Shape shapes[] = {{1, 1}, {3, 5}, {17, 33}, {64, 10}, {33, 256}};

    for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++)
        for (int f = 1; f < OP_FORMATS; f++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
                Forced forced = {.op = ops[o], .format = op_formats[f], .shape = shapes[s]};

                forced.size = 2.0;
                try_forced(pair, &forced);
                if (o < 3) {
                    forced.size = 3000.0; /* squares overflow fp16 */
                    try_forced(pair, &forced);
                }
                forced.unstable = ops[o] == OP_LOG_SOFTMAX || ops[o] == OP_CAUSAL_SOFTMAX;
                if (forced.unstable) {
                    forced.size = 3.0;
                    try_forced(pair, &forced);
                }
            }
}
