/* autocast tf32: operands of products are rounded to tf32, and nothing else is. Every product of a
 * step is computed here anew from operands that round_array rounded.
 */
#include "rig.h"

#include "base/random.h"
#include "nn/emit.h"
#include "numerics/round.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 7, FEATURES = 9, HIDDEN = 6, OUTPUTS = 4, MOST = 64 };

static Rig rig;

static void open_step(void)
{
    static float inputs[BATCH * FEATURES], targets[BATCH * OUTPUTS];
    static const Random numbers = {.seed = 7, .stream = RANDOM_DATA};
    static const DataView view = {.inputs = inputs,
                                  .targets = targets,
                                  .train_count = BATCH,
                                  .features = FEATURES,
                                  .target_width = OUTPUTS};
    ExampleShape shape = {.rank = 1, .shape = {FEATURES}, .target_width = OUTPUTS};
    LossSpec loss = {.kind = "mse", .weight = 1.0f};
    NetSpec spec;
    Net net;

    for (int i = 0; i < BATCH * FEATURES; i++)
        inputs[i] = (float)random_normal(&numbers, (uint64_t)i);
    for (int i = 0; i < BATCH * OUTPUTS; i++)
        targets[i] = (float)random_normal(&numbers, UINT64_C(1000) + (uint64_t)i);
    rig_open(&rig, 1, &view);
    Builder b = {.program = &rig.program, .low = FORMAT_TF32, .probes = PROBE_ON};
    cr_assert_not(failed(net_parse("linear 6, tanh, linear 4", "relu", &spec)));
    rig.program.batch = BATCH;
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    rig_compile(&rig);
    for (int i = 0; i < rig.program.param_count; i++) {
        float start[MOST];

        nn_init_param(&rig.program, i, 3, start);
        rig_write(&rig, rig.program.values[rig.program.params[i].master].name, start);
    }
    rig_run(&rig);
}

static void close_step(void)
{
    rig_close(&rig);
}

TestSuite(tf32, .init = open_step, .fini = close_step);

static int count_of(const char *name)
{
    ValueId id = program_find(&rig.program, name);

    cr_assert(id >= 0, "no %s", name);
    return (int)value_count(&rig.program.values[id]);
}

/* The value as stored, in fp32, and rounded to tf32. */
typedef struct Operand {
    float stored[MOST], rounded[MOST];
} Operand;

static Operand operand(const char *name)
{
    Operand made;
    int count = count_of(name);

    rig_read(&rig, name, made.stored);
    round_array(FORMAT_TF32, OVERFLOW_INFINITY, made.stored, made.rounded, count);
    cr_assert_neq(memcmp(made.stored, made.rounded, (size_t)count * sizeof(float)), 0,
                  "%s holds tf32 numbers already, so this shows nothing", name);
    return made;
}

static void expect_bits(const char *name, const float *expected)
{
    float ours[MOST];
    int count = count_of(name);

    rig_read(&rig, name, ours);
    for (int i = 0; i < count; i++)
        cr_expect_eq(memcmp(&ours[i], &expected[i], sizeof(float)), 0, "%s[%d] is %a, not %a", name,
                     i, (double)ours[i], (double)expected[i]);
}

typedef struct Sum {
    float sum;           /* in fp32, in order, as the reference product adds */
    double exact, sizes; /* and their magnitudes */
} Sum;

static Sum dot(const float *a, int a_step, const float *b, int b_step, int count)
{
    Sum sum = {0};

    for (int k = 0; k < count; k++) {
        double product = (double)a[k * a_step] * (double)b[k * b_step];

        sum.sum += a[k * a_step] * b[k * b_step];
        sum.exact += product;
        sum.sizes += fabs(product);
    }
    cr_expect(fabs((double)sum.sum - sum.exact) <= count * 0x1p-24 * sum.sizes);
    return sum;
}

Test(tf32, rounds_every_operand_of_a_product_to_nearest_even_into_a_copy)
{
    static const char *const names[] = {"x",          "fc1.weight",   "tanh1.out",
                                        "fc2.weight", "fc2.out.grad", "fc1.out.grad"};

    for (int i = 0; i < 6; i++) {
        Operand value = operand(names[i]);
        char copy[VALUE_NAME];

        snprintf(copy, sizeof copy, "%s.tf32", names[i]);
        expect_bits(copy, value.rounded);
    }
}

Test(tf32, sums_rounded_operands_in_fp32_and_adds_the_bias_as_it_is)
{
    Operand x = operand("x"), weight = operand("fc1.weight"), bias = operand("fc1.bias");
    float out[MOST];

    for (int row = 0; row < BATCH; row++)
        for (int j = 0; j < HIDDEN; j++)
            out[row * HIDDEN + j] =
                dot(x.rounded + row * FEATURES, 1, weight.rounded + j * FEATURES, 1, FEATURES).sum +
                bias.stored[j];
    expect_bits("fc1.out", out);
    (void)operand("fc1.out"); /* it is no tf32 */
}

Test(tf32, takes_gradients_of_weights_and_inputs_from_rounded_operands_and_keeps_them_in_fp32)
{
    Operand dout = operand("fc2.out.grad"), in = operand("tanh1.out");
    Operand weight = operand("fc2.weight");
    float dw[MOST], dx[MOST];

    for (int j = 0; j < OUTPUTS; j++)
        for (int i = 0; i < HIDDEN; i++)
            dw[j * HIDDEN + i] = dot(dout.rounded + j, OUTPUTS, in.rounded + i, HIDDEN, BATCH).sum;
    for (int row = 0; row < BATCH; row++)
        for (int i = 0; i < HIDDEN; i++)
            dx[row * HIDDEN + i] =
                dot(dout.rounded + row * OUTPUTS, 1, weight.rounded + i, HIDDEN, OUTPUTS).sum;
    expect_bits("fc2.weight.grad", dw);
    expect_bits("tanh1.out.grad", dx);
    (void)operand("fc2.weight.grad"); /* they are no tf32 */
    (void)operand("tanh1.out.grad");
}

Test(tf32, sums_the_bias_gradient_from_what_was_not_rounded)
{
    Operand dout = operand("fc2.out.grad");
    float db[OUTPUTS] = {0};

    for (int row = 0; row < BATCH; row++)
        for (int j = 0; j < OUTPUTS; j++)
            db[j] += dout.stored[row * OUTPUTS + j];
    expect_bits("fc2.bias.grad", db);
}
