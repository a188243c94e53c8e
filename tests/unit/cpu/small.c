/* Ops whose results can be worked out by hand. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ROWS = 3, CLASSES = 2, COUNT = ROWS * CLASSES };

static Rig rig;
static Builder b;

static void open_rig(void)
{
    static const float inputs[2 * ROWS];
    static const DataView view = {.inputs = inputs, .test_count = 2, .features = 1};

    rig_open(&rig, 1, &view);
    rig.program.batch = ROWS;
    b = (Builder){.program = &rig.program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
}

static void close_rig(void)
{
    rig_close(&rig);
}

TestSuite(small, .init = open_rig, .fini = close_rig);

static ValueId given(int64_t cols, const char *name)
{
    return builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, (int64_t[]){ROWS, cols}, "%s", name);
}

static ValueId in_format(ValueId source, Format format, const char *name)
{
    ValueId value = builder_like(&b, source, ROLE_ACTIVATION, format, "%s", name);

    builder_emit(&b, OP_CAST, value, source, NO_VALUE, NO_VALUE);
    return value;
}

Test(small, linear_db_sums_the_stored_rounded_gradient)
{
    const float dout[COUNT] = {0x1.004p0f, 1, 0x1.004p0f, 2, 0x1.004p0f, 4};
    ValueId low = in_format(given(CLASSES, "given"), FORMAT_FP16, "dout");
    ValueId db = builder_value(&b, ROLE_WEIGHT_GRAD, FORMAT_FP16, 1, (int64_t[]){CLASSES}, "db");
    float sums[CLASSES];

    builder_emit_counted(&b, OP_LINEAR_DB, db, low, NO_VALUE, NO_VALUE);
    rig_compile(&rig);
    /* 1 + 2^-11: a tie of fp16, to 1 */
    rig_write(&rig, "given", (const float[COUNT]){0x1.002p0f, 1, 0x1.002p0f, 2, 0x1.002p0f, 4});
    rig_run(&rig);
    rig_read(&rig, "db", sums);
    cr_expect_eq(sums[0], 3.0f);
    cr_expect_eq(sums[1], 7.0f);
    rig_write(&rig, "given", dout); /* 1 + 2^-10 is a value of fp16: it stays */
    rig_run(&rig);
    rig_read(&rig, "db", sums);
    cr_expect_eq(sums[0], 0x1.808p1f); /* 3 + 3 x 2^-10: a tie, to even */
}

Test(small, nll_is_the_mean_at_the_labels_and_nll_backward_its_slope)
{
    const float x[COUNT] = {-1, -2, -4, -8, -16, -32}, labels[ROWS] = {0, 1, 1};
    ValueId logits = given(CLASSES, "x"), label = given(1, "labels");
    ValueId loss = builder_value(&b, ROLE_SCALAR, FORMAT_FP32, 1, (int64_t[]){1}, "loss");
    ValueId dx = builder_like(&b, logits, ROLE_ACTIVATION_GRAD, FORMAT_FP32, "dx");
    float out[COUNT];

    builder_emit(&b, OP_NLL, loss, logits, label, NO_VALUE);
    builder_emit_counted(&b, OP_NLL_BACKWARD, dx, logits, label, NO_VALUE);
    rig_compile(&rig);
    rig_write(&rig, "x", x);
    rig_write(&rig, "labels", labels);
    rig.scalars.scale = 6.0f;
    rig.scalars.loss_weight = 0.5f;
    rig_scalars(&rig);
    rig_run(&rig);
    rig_read(&rig, "loss", out);
    cr_expect_eq(out[0], (float)(41.0 / 3.0));
    rig_read(&rig, "dx", out);
    cr_expect_arr_eq(out, ((const float[COUNT]){-1, 0, 0, -1, 0, -1}), sizeof out);
}

Test(small, log_softmax_backward_takes_the_sum_of_dout_from_each)
{
    const float dout[COUNT] = {-1, 0, 0, -2, 4, 4}, out[COUNT] = {0}; /* exp(0) is 1 */
    ValueId a = given(CLASSES, "dout"), saved = given(CLASSES, "out");
    ValueId din = builder_like(&b, a, ROLE_ACTIVATION_GRAD, FORMAT_FP32, "din");
    float result[COUNT];

    builder_emit_counted(&b, OP_LOG_SOFTMAX_BACKWARD, din, a, saved, NO_VALUE);
    rig_compile(&rig);
    rig_write(&rig, "dout", dout);
    rig_write(&rig, "out", out);
    rig_run(&rig);
    rig_read(&rig, "din", result);
    cr_expect_arr_eq(result, ((const float[COUNT]){0, 1, 2, 0, -4, -4}), sizeof result);
}

Test(small, mse_backward_is_two_differences_over_the_count)
{
    const float x[COUNT] = {1, 2, 3, 4, 5, 6}, target[COUNT] = {1, 1, 1, 1, 1, 1};
    ValueId a = given(CLASSES, "x"), t = given(CLASSES, "target");
    ValueId dx = builder_like(&b, a, ROLE_ACTIVATION_GRAD, FORMAT_FP32, "dx");
    float result[COUNT];

    builder_emit_counted(&b, OP_MSE_BACKWARD, dx, a, t, NO_VALUE);
    rig_compile(&rig);
    rig_write(&rig, "x", x);
    rig_write(&rig, "target", target);
    rig.scalars.scale = 3.0f;
    rig_scalars(&rig);
    rig_run(&rig);
    rig_read(&rig, "dx", result);
    for (int i = 0; i < COUNT; i++)
        cr_expect_eq(result[i], (float)i);
}

/* Two held-out examples only: the third row repeats the last and must not count. */
Test(small, correct_counts_the_rows_whose_largest_number_is_at_the_label)
{
    const float x[COUNT] = {1, 5, 7, 3, 7, 3}, labels[ROWS] = {1, 0, 0};
    ValueId logits = given(CLASSES, "x"), label = given(1, "labels");

    builder_emit(&b, OP_CORRECT, NO_VALUE, logits, label, NO_VALUE);
    rig_compile(&rig);
    rig_write(&rig, "x", x);
    rig_write(&rig, "labels", labels);
    rig_run(&rig);
    cr_expect_eq(rig.scalars.correct, 2);
}

Test(small, relu_keeps_a_nan_so_that_its_origin_is_seen)
{
    const float x[COUNT] = {NAN, -1, 0, -0.0f, 2, INFINITY};
    ValueId in = given(CLASSES, "x");
    ValueId out = builder_like(&b, in, ROLE_ACTIVATION, FORMAT_FP32, "out");
    float result[COUNT];

    builder_emit_counted(&b, OP_RELU, out, in, NO_VALUE, NO_VALUE);
    rig_compile(&rig);
    rig_write(&rig, "x", x);
    rig_run(&rig);
    rig_read(&rig, "out", result);
    cr_expect(isnan(result[0]));
    cr_expect_eq(result[1], 0.0f);
    cr_expect_eq(result[4], 2.0f);
    cr_expect(isinf(result[5]));
}
