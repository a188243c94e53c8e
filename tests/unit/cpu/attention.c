/* Attention, op by op and as a layer, against PyTorch's own results; tests/golden/attention.txt says which. */
#include "numbers.h"
#include "rig.h"

#include "nn/emit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 2, TIME = 5, WIDTH = 6, HEADS = 2, MOST = 256 };

static const DataView no_data;
static const int64_t triple[] = {EXAMPLES, TIME, 3 * WIDTH}, row[] = {EXAMPLES, TIME, WIDTH};
static const int64_t square[] = {EXAMPLES, HEADS, TIME, TIME};
static const Format formats[] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

typedef struct Operand {
    const char *name; /* of the file; NULL: none */
    bool given;       /* it depends on no format */
    bool wide;        /* in fp32 */
} Operand;

typedef struct Case {
    Operand in[3];
    const char *out;
    double absolute; /* how far sums in fp32 that cancel may be apart */
    OpKind op;
    bool wide; /* the result is in fp32 */
} Case;

/* Each from the file's operands, so that no difference travels. */
static const Case cases[] = {
    {{{"qkv", true, false}}, "q", 0.0, OP_ATTENTION_QUERY, false},
    {{{"q", false, false}, {"qkv", true, false}}, "scores", 0x1p-22, OP_ATTENTION_SCORES, false},
    {{{"scores", false, false}}, "probs", 0x1p-23, OP_CAUSAL_SOFTMAX, true},
    {{{"probs", false, false}, {"qkv", true, false}}, "out", 0x1p-22, OP_ATTENTION_VALUES, false},
    {{{"dout", true, false}, {"qkv", true, false}}, "dprobs", 0x1p-22, OP_ATTENTION_DPROBS, false},
    {{{"probs", false, false}, {"dout", true, false}}, "dv", 0x1p-22, OP_ATTENTION_DV, false},
    {{{"dprobs", false, true}, {"probs", false, true}},
     "dscores",
     0x1p-21,
     OP_CAUSAL_SOFTMAX_BACKWARD,
     false},
    {{{"dscores", false, false}, {"qkv", true, false}}, "dq", 0x1p-22, OP_ATTENTION_DQ, false},
    {{{"dscores", false, false}, {"q", false, false}}, "dk", 0x1p-22, OP_ATTENTION_DK, false},
    {{{"dq", false, false}, {"dk", false, false}, {"dv", false, false}},
     "dqkv",
     0.0,
     OP_ATTENTION_JOIN,
     false},
};

static const int64_t *shape_of(const char *name)
{
    static const char *const squares[] = {"scores", "probs", "dprobs", "dscores"};

    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++)
        if (strcmp(name, squares[i]) == 0)
            return square;
    return strstr(name, "qkv") != NULL ? triple : row;
}

static int rank_of(const char *name)
{
    return shape_of(name) == square ? 4 : 3;
}

static int count_of(const char *name)
{
    const int64_t *shape = shape_of(name);

    return (int)(shape[0] * shape[1] * shape[2] * (shape == square ? shape[3] : 1));
}

/* A master that the test writes, and its cast. */
static ValueId given(Builder *b, Format format, int rank, const int64_t *shape, const char *name)
{
    ValueId master = builder_value(b, ROLE_MASTER, FORMAT_FP32, rank, shape, "%s.master", name);
    ValueId value = builder_value(b, ROLE_ACTIVATION, format, rank, shape, "%s", name);

    builder_emit(b, OP_CAST, value, master, NO_VALUE, NO_VALUE);
    return value;
}

static void emit_case(Rig *rig, const Case *c, Format format)
{
    Builder b = {.program = &rig->program, .low = format, .probes = PROBE_ON};
    ValueId in[3] = {NO_VALUE, NO_VALUE, NO_VALUE}, out;
    Instr *instr;

    rig->program.batch = EXAMPLES;
    for (int i = 0; i < op_table[c->op].inputs; i++)
        in[i] = given(&b, c->in[i].wide ? FORMAT_FP32 : format, rank_of(c->in[i].name),
                      shape_of(c->in[i].name), c->in[i].name);
    out = builder_value(&b, ROLE_ACTIVATION, c->wide ? FORMAT_FP32 : format, rank_of(c->out),
                        shape_of(c->out), "%s", c->out);
    instr = builder_emit_counted(&b, c->op, out, in[0], in[1], in[2]);
    if (c->op != OP_CAUSAL_SOFTMAX && c->op != OP_CAUSAL_SOFTMAX_BACKWARD)
        instr->constants[ATTENTION_HEADS] = HEADS;
}

static const char *row_name(const char *name, bool any, Format format, char text[VALUE_NAME])
{
    snprintf(text, VALUE_NAME, any ? "attn.%s%s" : "attn.%s.%s", any ? "" : format_name(format),
             name);
    return text;
}

static void expect_close(const float *ours, const float *theirs, int count, Format format,
                         double absolute, const char *what)
{
    for (int i = 0; i < count; i++) {
        double unit = theirs[i] == 0.0f
                          ? 0.0
                          : ldexp(1.0, ilogbf(theirs[i]) - format_table[format].mantissa_bits);

        cr_expect(fabs((double)ours[i] - (double)theirs[i]) <= fmax(unit, absolute),
                  "%s[%d] is %a, PyTorch has %a", what, i, (double)ours[i], (double)theirs[i]);
    }
}

/* What is masked has no part in the counts but as zeros. */
static void expect_counts(Rig *rig, const float *values, int count)
{
    int64_t zeros = 0, all = 0;
    CastCounts counts;

    cr_assert_not(
        failed(cpu_backend.counts_read(rig->plan, rig->program.instr_count - 1, &counts)));
    for (int i = 0; i < count; i++)
        zeros += values[i] == 0.0f;
    for (CastClass class = 0; class < CAST_CLASSES; class ++)
        all += counts.classes[class];
    cr_expect_eq(all, count);
    cr_expect_eq(counts.classes[CAST_ZERO] + counts.classes[CAST_UNDERFLOW], zeros);
}

/* What is masked must not be looked at. */
static void poison(const char *name, float *values)
{
    for (int i = 0; i < count_of(name) && shape_of(name) == square; i++)
        if (i % TIME > i / TIME % TIME)
            values[i] = NAN;
}

static void run_case(const Case *c, Format format)
{
    FILE *file = numbers_open("attention.txt");
    float ours[MOST], theirs[MOST];
    char name[VALUE_NAME], text[VALUE_NAME];
    Rig rig;

    rig_open(&rig, 2, &no_data);
    emit_case(&rig, c, format);
    rig_compile(&rig);
    for (int i = 0; i < op_table[c->op].inputs; i++) {
        numbers_find(file, row_name(c->in[i].name, c->in[i].given, format, text), theirs,
                     count_of(c->in[i].name));
        poison(c->in[i].name, theirs);
        snprintf(name, sizeof name, "%s.master", c->in[i].name);
        rig_write(&rig, name, theirs);
    }
    numbers_find(file, row_name(c->out, false, format, text), theirs, count_of(c->out));
    memset(ours, 1, sizeof ours);
    rig_write(&rig, c->out, ours); /* nor must it stay what it was */
    rig_run(&rig);
    rig_read(&rig, c->out, ours);
    expect_close(ours, theirs, count_of(c->out), c->wide ? FORMAT_FP32 : format,
                 format == FORMAT_FP32 || c->wide ? c->absolute : 0.0, text);
    expect_counts(&rig, ours, count_of(c->out));
    rig_close(&rig);
    fclose(file);
}

Test(attention, each_step_of_it_is_that_of_pytorch)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int f = 0; f < 3; f++)
            run_case(&cases[i], formats[f]);
}

static void run_softmax(const float *scores, float *probs)
{
    const int64_t shape[] = {1, 1, 3, 3};
    Rig rig;

    rig_open(&rig, 1, &no_data);
    Builder b = {.program = &rig.program, .low = FORMAT_BF16, .probes = PROBE_ON};
    ValueId in = given(&b, FORMAT_BF16, 4, shape, "scores");

    builder_emit(&b, OP_CAUSAL_SOFTMAX, builder_like(&b, in, ROLE_ACTIVATION, FORMAT_FP32, "probs"),
                 in, NO_VALUE, NO_VALUE);
    rig.program.batch = 1;
    rig_compile(&rig);
    rig_write(&rig, "scores.master", scores);
    rig_run(&rig);
    rig_read(&rig, "probs", probs);
    rig_close(&rig);
}

Test(attention, a_softmax_of_large_scores_is_finite_and_one_of_inf_or_nan_is_nan)
{
    const float scores[] = {0x1p100f, 0.0f, 0.0f, 0x1p100f, 0x1p100f, 0.0f, -0x1p100f, 3.0f, 0.0f};
    const float wanted[] = {1.0f, 0.0f, 0.0f, 0.5f, 0.5f, 0.0f, 0.0f, 0.9525741268f, 0.0474258732f};
    const float broken[] = {INFINITY, 0.0f, 0.0f, 1.0f, NAN, 0.0f, 1.0f, 2.0f, -INFINITY};
    float probs[9];

    run_softmax(scores, probs);
    for (int i = 0; i < 9; i++)
        cr_expect_float_eq((double)probs[i], (double)wanted[i], 1e-7, "%d is %a", i,
                           (double)probs[i]);
    run_softmax(broken, probs);
    for (int i = 0; i < 9; i++)
        cr_expect_eq(isnan(probs[i]), i % 3 <= i / 3 && i < 6, "%d is %g", i, (double)probs[i]);
    cr_expect_eq(probs[8], 0.0f);
}

static const char *const module_params[] = {"in_proj_weight", "in_proj_bias", "out_proj.weight",
                                            "out_proj.bias"};

static void emit_module(Rig *rig, Format low, int64_t time, int64_t width)
{
    Builder b = {.program = &rig->program, .low = low, .probes = PROBE_ON};
    ExampleShape shape = {.rank = 2, .shape = {time, width}, .target_width = time * width};
    LossSpec loss = {.kind = "mse", .weight = 1.0f};
    NetSpec spec;
    Net net;

    cr_assert_not(failed(net_parse("attention 2", "relu", &spec)));
    rig->program.batch = EXAMPLES;
    nn_emit_step(&b, &spec, &loss, &shape, &net);
}

static void expect_module(Rig *rig, FILE *file, const char *theirs_name, const char *ours_name,
                          int count)
{
    float ours[MOST], theirs[MOST];

    numbers_find(file, theirs_name, theirs, count);
    rig_read(rig, ours_name, ours);
    expect_close(ours, theirs, count, FORMAT_FP32, 0x1p-20, theirs_name);
}

Test(attention, the_layer_is_the_multihead_attention_of_pytorch)
{
    static float inputs[EXAMPLES * TIME * WIDTH], targets[EXAMPLES * TIME * WIDTH];
    const DataView view = {.inputs = inputs,
                           .targets = targets,
                           .train_count = EXAMPLES,
                           .features = TIME * WIDTH,
                           .target_width = TIME * WIDTH};
    FILE *file = numbers_open("attention.txt");
    char theirs[VALUE_NAME], ours[VALUE_NAME];
    float values[MOST];
    Rig rig;

    numbers_find(file, "module.x", inputs, EXAMPLES * TIME * WIDTH);
    numbers_find(file, "module.target", targets, EXAMPLES * TIME * WIDTH);
    rig_open(&rig, 1, &view);
    emit_module(&rig, FORMAT_FP32, TIME, WIDTH);
    rig_compile(&rig);
    cr_assert_eq(rig.program.param_count, 4);
    for (int i = 0; i < 4; i++) {
        const Value *master = &rig.program.values[rig.program.params[i].master];

        snprintf(theirs, sizeof theirs, "module.%s", module_params[i]);
        snprintf(ours, sizeof ours, "attn1.%s", module_params[i]);
        cr_expect_str_eq(master->name, ours);
        numbers_find(file, theirs, values, (int)value_count(master));
        rig_write(&rig, ours, values);
    }
    rig_run(&rig);
    expect_module(&rig, file, "module.out", "attn1.out", EXAMPLES * TIME * WIDTH);
    expect_module(&rig, file, "module.loss", "loss", 1);
    for (int i = 0; i < 4; i++) {
        const Value *master = &rig.program.values[rig.program.params[i].master];

        snprintf(theirs, sizeof theirs, "module.%s.grad", module_params[i]);
        snprintf(ours, sizeof ours, "attn1.%s.grad", module_params[i]);
        expect_module(&rig, file, theirs, ours, (int)value_count(master));
    }
    rig_close(&rig);
    fclose(file);
}

/* Fan-in 6, fan-out 18; a linear layer's own of 6. */
Test(attention, begins_as_the_module_of_pytorch_does)
{
    static const double bounds[] = {0.5, 0.0, 0.408248291, 0.0};
    Rig rig;

    rig_open(&rig, 1, &no_data);
    emit_module(&rig, FORMAT_FP16, TIME, WIDTH);
    for (int i = 0; i < 4; i++) {
        int count = (int)value_count(&rig.program.values[rig.program.params[i].master]);
        float values[MOST];
        double most = 0.0;

        nn_init_param(&rig.program, i, 1, values);
        for (int j = 0; j < count; j++)
            most = fmax(most, fabs((double)values[j]));
        cr_expect(most <= bounds[i] && most >= 0.9 * bounds[i], "%s reaches %g", module_params[i],
                  most);
    }
    rig_compile(&rig);
    rig_close(&rig);
}

enum { LONG = 37, BROAD = 10, NUMBERS = EXAMPLES * LONG * BROAD };

/* One step of "attention 2" in fp16 from numbers that do not end: loss, and the gradient of W. */
static void run_long(int threads, float poison, float *out, float *grad)
{
    static float inputs[NUMBERS], targets[NUMBERS], weights[3 * BROAD * BROAD];
    const DataView view = {.inputs = inputs,
                           .targets = targets,
                           .train_count = EXAMPLES,
                           .features = LONG * BROAD,
                           .target_width = LONG * BROAD};
    Rig rig;

    for (int i = 0; i < NUMBERS; i++)
        inputs[i] = sinf(0.37f * (float)i);
    inputs[20 * BROAD + 3] = poison; /* place 20 of the first example */
    rig_open(&rig, threads, &view);
    emit_module(&rig, FORMAT_FP16, LONG, BROAD);
    rig_compile(&rig);
    for (int i = 0; i < 4; i++) {
        nn_init_param(&rig.program, i, 1, weights);
        rig_write(&rig, rig.program.values[rig.program.params[i].master].name, weights);
    }
    rig_run(&rig);
    rig_read(&rig, "attn1.out", out);
    rig_read(&rig, "attn1.in_proj_weight.grad", grad);
    rig_close(&rig);
}

Test(attention, has_the_same_bits_for_any_number_of_threads)
{
    float first[NUMBERS], first_grad[3 * BROAD * BROAD], out[NUMBERS], grad[3 * BROAD * BROAD];

    run_long(1, 0.5f, first, first_grad);
    for (int threads = 2; threads < 4; threads++) {
        run_long(threads, 0.5f, out, grad);
        cr_expect_arr_eq(out, first, sizeof first);
        cr_expect_arr_eq(grad, first_grad, sizeof first_grad);
    }
}

Test(attention, no_place_sees_a_later_one_not_even_where_that_is_infinite)
{
    float clean[NUMBERS], other[NUMBERS], grad[3 * BROAD * BROAD];

    run_long(1, 0.5f, clean, grad);
    run_long(1, INFINITY, other, grad);
    for (int i = 0; i < NUMBERS; i++) {
        bool later = i >= 20 * BROAD && i < LONG * BROAD;

        cr_expect(later ? isnan(other[i]) : other[i] == clean[i], "%d is %g", i, (double)other[i]);
    }
}
