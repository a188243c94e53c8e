/* Convolution, pooling and layernorm against PyTorch's own results (CPU); tests/golden/places.txt says which. */
#include "numbers.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EXAMPLES = 2, MOST = 80 };

static const DataView no_data;
static const int64_t picture[] = {EXAMPLES, 2, 4, 5}, kernel[] = {3, 2, 3, 3}, one_each[] = {3};
static const int64_t result[] = {EXAMPLES, 3, 2, 3};
static const int64_t tall[] = {EXAMPLES, 2, 5, 4}, windows[] = {EXAMPLES, 2, 2, 2};
static const Format formats[] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

/* A master that tests write, and its cast. */
static ValueId given(Builder *b, Format format, int rank, const int64_t *shape, const char *name)
{
    ValueId master = builder_value(b, ROLE_MASTER, FORMAT_FP32, rank, shape, "%s.master", name);
    ValueId value = builder_value(b, ROLE_ACTIVATION, format, rank, shape, "%s", name);

    builder_emit(b, OP_CAST, value, master, NO_VALUE, NO_VALUE);
    return value;
}

static void slide(Builder *b, OpKind op, ValueId out, ValueId in0, ValueId in1, ValueId in2)
{
    Instr *instr = builder_emit_counted(b, op, out, in0, in1, in2);

    instr->constants[CONV_STRIDE] = 2.0;
    instr->constants[CONV_PAD] = 1.0;
}

static void emit_conv(Rig *rig, Format format)
{
    Builder b = {.program = &rig->program, .low = format, .probes = PROBE_ON};
    ValueId x = given(&b, format, 4, picture, "x"), w = given(&b, format, 4, kernel, "w");
    ValueId bias = given(&b, format, 1, one_each, "b"), dout = given(&b, format, 4, result, "dout");

    rig->program.batch = EXAMPLES;
    slide(&b, OP_CONV2D, builder_like(&b, dout, ROLE_ACTIVATION, format, "out"), x, w, bias);
    slide(&b, OP_CONV2D_DX, builder_like(&b, x, ROLE_ACTIVATION_GRAD, format, "dx"), dout, w,
          NO_VALUE);
    slide(&b, OP_CONV2D_DW, builder_like(&b, w, ROLE_WEIGHT_GRAD, format, "dw"), dout, x, NO_VALUE);
    slide(&b, OP_CONV2D_DB, builder_like(&b, bias, ROLE_WEIGHT_GRAD, format, "db"), dout, NO_VALUE,
          NO_VALUE);
}

static void write(Rig *rig, FILE *file, const char *row, const char *name, int count)
{
    float values[MOST];

    numbers_find(file, row, values, count);
    rig_write(rig, name, values);
}

/* A row "op.operands.name" of the file, and the format that the result is kept in. */
typedef struct Wanted {
    const char *op;
    Format operands, format;
} Wanted;

/* Within a unit of the last place, or `absolute`. */
static void expect_close(Rig *rig, FILE *file, Wanted wanted, const char *name, int count,
                         float absolute)
{
    float ours[MOST], theirs[MOST];
    char row[VALUE_NAME];

    snprintf(row, sizeof row, "%s.%s.%s", wanted.op, format_name(wanted.operands), name);
    numbers_find(file, row, theirs, count);
    rig_read(rig, name, ours);
    for (int i = 0; i < count; i++) {
        float unit = ldexpf(1.0f, ilogbf(theirs[i]) - format_table[wanted.format].mantissa_bits);
        bool same =
            memcmp(&ours[i], &theirs[i], sizeof *ours) == 0 || (isnan(ours[i]) && isnan(theirs[i]));

        cr_expect(same || fabsf(ours[i] - theirs[i]) <= fmaxf(unit, absolute),
                  "%s[%d] is %a, PyTorch has %a", row, i, (double)ours[i], (double)theirs[i]);
    }
}

Test(places, conv2d_is_within_the_last_place_of_pytorch)
{
    for (int f = 0; f < 3; f++) {
        FILE *file = numbers_open("places.txt");
        /* Sums in fp32 show where they cancel. */
        float absolute = formats[f] == FORMAT_FP32 ? 0x1p-21f : 0.0f;
        Rig rig;

        rig_open(&rig, 1, &no_data);
        emit_conv(&rig, formats[f]);
        rig_compile(&rig);
        write(&rig, file, "conv.x", "x.master", 80);
        write(&rig, file, "conv.w", "w.master", 54);
        write(&rig, file, "conv.b", "b.master", 3);
        write(&rig, file, "conv.dout", "dout.master", 36);
        rig_run(&rig);
        expect_close(&rig, file, (Wanted){"conv", formats[f], formats[f]}, "out", 36, absolute);
        expect_close(&rig, file, (Wanted){"conv", formats[f], formats[f]}, "dx", 80, absolute);
        expect_close(&rig, file, (Wanted){"conv", formats[f], formats[f]}, "dw", 54, absolute);
        expect_close(&rig, file, (Wanted){"conv", formats[f], formats[f]}, "db", 3, absolute);
        rig_close(&rig);
        fclose(file);
    }
}

static void emit_pool(Rig *rig, Format format, bool largest)
{
    Builder b = {.program = &rig->program, .low = format, .probes = PROBE_ON};
    ValueId x = given(&b, format, 4, tall, "x"), dout = given(&b, format, 4, windows, "dout");
    ValueId out = builder_like(&b, dout, ROLE_ACTIVATION, format, "out");
    ValueId din = builder_like(&b, x, ROLE_ACTIVATION_GRAD, format, "din");

    rig->program.batch = EXAMPLES;
    builder_emit_counted(&b, largest ? OP_MAXPOOL : OP_AVGPOOL, out, x, NO_VALUE, NO_VALUE)
        ->constants[POOL_SIDE] = 2.0;
    builder_emit_counted(&b, largest ? OP_MAXPOOL_BACKWARD : OP_AVGPOOL_BACKWARD, din, dout,
                         largest ? x : NO_VALUE, NO_VALUE)
        ->constants[POOL_SIDE] = 2.0;
}

static void run_pool(const char *op, Format format)
{
    FILE *file = numbers_open("places.txt");
    Rig rig;

    rig_open(&rig, 1, &no_data);
    emit_pool(&rig, format, strcmp(op, "maxpool") == 0);
    rig_compile(&rig);
    write(&rig, file, "pool.x", "x.master", 80);
    write(&rig, file, "pool.dout", "dout.master", 16);
    rig_run(&rig);
    expect_close(&rig, file, (Wanted){op, format, format}, "out", 16, 0.0f);
    expect_close(&rig, file, (Wanted){op, format, format}, "din", 80, 0.0f);
    rig_close(&rig);
    fclose(file);
}

/* Among its numbers are equal ones, a nan and an infinity. */
Test(places, pools_are_those_of_pytorch)
{
    for (int f = 0; f < 3; f++) {
        run_pool("maxpool", formats[f]);
        run_pool("avgpool", formats[f]);
    }
}

static void emit_norm(Rig *rig, Format format)
{
    Builder b = {.program = &rig->program, .low = format, .probes = PROBE_ON};
    const int64_t whole[] = {4, 5}, each[] = {5};
    ValueId x = given(&b, format, 2, whole, "x"), dout = given(&b, FORMAT_FP32, 2, whole, "dout");
    ValueId w = given(&b, FORMAT_FP32, 1, each, "w"), bias = given(&b, FORMAT_FP32, 1, each, "b");

    rig->program.batch = 4;
    builder_emit_counted(&b, OP_LAYERNORM, builder_like(&b, x, ROLE_ACTIVATION, FORMAT_FP32, "out"),
                         x, w, bias);
    builder_emit_counted(&b, OP_LAYERNORM_DX,
                         builder_like(&b, x, ROLE_ACTIVATION_GRAD, format, "dx"), dout, x, w);
    builder_emit_counted(&b, OP_LAYERNORM_DW,
                         builder_like(&b, w, ROLE_WEIGHT_GRAD, FORMAT_FP32, "dw"), dout, x,
                         NO_VALUE);
}

/* x in the named format, all else in fp32, as autocast has it. */
Test(places, layernorm_is_that_of_pytorch)
{
    for (int f = 0; f < 3; f++) {
        FILE *file = numbers_open("places.txt");
        Rig rig;

        rig_open(&rig, 1, &no_data);
        emit_norm(&rig, formats[f]);
        rig_compile(&rig);
        write(&rig, file, "norm.x", "x.master", 20);
        write(&rig, file, "norm.dout", "dout.master", 20);
        write(&rig, file, "norm.w", "w.master", 5);
        write(&rig, file, "norm.b", "b.master", 5);
        rig_run(&rig);
        expect_close(&rig, file, (Wanted){"norm", formats[f], FORMAT_FP32}, "out", 20, 0x1p-20f);
        expect_close(&rig, file, (Wanted){"norm", formats[f], formats[f]}, "dx", 20,
                     formats[f] == FORMAT_FP32 ? 0x1p-20f : 0.0f);
        expect_close(&rig, file, (Wanted){"norm", formats[f], FORMAT_FP32}, "dw", 5, 0x1p-20f);
        rig_close(&rig);
        fclose(file);
    }
}

enum { MANY = 19, SIDE = 6, TAPS = 9 };

/* dW by its definition, over more examples than one part of the sum has. */
static double weight_grad(const float *dout, const float *x, int tap)
{
    double sum = 0.0;

    for (int n = 0; n < MANY; n++)
        for (int place = 0; place < SIDE * SIDE; place++) {
            int y = place / SIDE + tap / 3 - 1, u = place % SIDE + tap % 3 - 1;

            if (y >= 0 && y < SIDE && u >= 0 && u < SIDE)
                sum += (double)dout[n * SIDE * SIDE + place] * (double)x[(n * SIDE + y) * SIDE + u];
        }
    return sum;
}

Test(places, weight_gradients_sum_over_all_examples_with_the_same_bits_for_any_number_of_threads)
{
    static float dout[MANY * SIDE * SIDE], x[MANY * SIDE * SIDE];
    const int64_t pictures[] = {MANY, 1, SIDE, SIDE}, weights[] = {1, 1, 3, 3};
    float first[TAPS];

    for (int i = 0; i < MANY * SIDE * SIDE; i++) {
        dout[i] = sinf((float)i);
        x[i] = cosf(0.7f * (float)i);
    }
    for (int threads = 1; threads < 4; threads++) {
        Rig rig;
        float got[TAPS];

        rig_open(&rig, threads, &no_data);
        Builder b = {.program = &rig.program, .low = FORMAT_FP32, .probes = PROBE_ON};
        ValueId d = given(&b, FORMAT_FP32, 4, pictures, "dout");
        ValueId in = given(&b, FORMAT_FP32, 4, pictures, "x");
        ValueId dw = builder_value(&b, ROLE_WEIGHT_GRAD, FORMAT_FP32, 4, weights, "dw");
        Instr *instr = builder_emit(&b, OP_CONV2D_DW, dw, d, in, NO_VALUE);

        instr->constants[CONV_STRIDE] = instr->constants[CONV_PAD] = 1.0;
        rig.program.batch = MANY;
        rig_compile(&rig);
        rig_write(&rig, "dout.master", dout);
        rig_write(&rig, "x.master", x);
        rig_run(&rig);
        rig_read(&rig, "dw", got);
        for (int i = 0; i < TAPS && threads == 1; i++)
            cr_expect_float_eq((double)got[i], weight_grad(dout, x, i), 1e-4, "tap %d", i);
        if (threads == 1)
            memcpy(first, got, sizeof first);
        cr_expect_arr_eq(got, first, sizeof first);
        rig_close(&rig);
    }
}
