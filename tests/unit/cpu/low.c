/* log_softmax and layernorm forced into fp16: every step of them is rounded, and shows it. */
#include "rig.h"

#include "numerics/round.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ROWS = 2, COLS = 3, ALL = ROWS * COLS };

static const DataView no_data;

static float r(float x)
{
    return round_to(FORMAT_FP16, OVERFLOW_INFINITY, x);
}

/* The op over x (and dout) in fp16, w and b in fp32; its result. */
static void run(OpKind op, bool unstable, const float *x, const float *dout, const float *w,
                float *out)
{
    const int64_t whole[] = {ROWS, COLS}, each[] = {COLS};
    bool weights = op == OP_LAYERNORM_DW;
    ValueId masters[4], low[2], made;
    Builder b;
    Instr *instr;
    Rig rig;

    rig_open(&rig, 1, &no_data);
    rig.program.batch = ROWS;
    b = (Builder){.program = &rig.program, .phase = PHASE_FORWARD};
    masters[0] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, whole, "x");
    masters[1] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, whole, "dout");
    masters[2] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, each, "w");
    masters[3] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, each, "b");
    for (int i = 0; i < 2; i++) {
        low[i] = builder_like(&b, masters[i], ROLE_ACTIVATION, FORMAT_FP16, "low%d", i);
        builder_emit(&b, OP_CAST, low[i], masters[i], NO_VALUE, NO_VALUE);
    }
    made = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP16, weights ? 1 : 2, weights ? each : whole,
                         "out");
    if (op == OP_LAYERNORM)
        instr = builder_emit(&b, op, made, low[0], masters[2], masters[3]);
    else if (op == OP_LOG_SOFTMAX)
        instr = builder_emit(&b, op, made, low[0], NO_VALUE, NO_VALUE);
    else
        instr = builder_emit(&b, op, made, low[1], low[0],
                             op == OP_LAYERNORM_DX ? masters[2] : NO_VALUE);
    instr->constants[LOW_FORMAT] = FORMAT_FP16;
    instr->constants[LOW_UNSTABLE] = unstable;
    rig_compile(&rig);
    rig_write(&rig, "x", x);
    if (dout != NULL)
        rig_write(&rig, "dout", dout);
    if (w != NULL)
        rig_write(&rig, "w", w);
    rig_run(&rig);
    rig_read(&rig, "out", out);
    rig_close(&rig);
}

/* L11: logits 12, 11, 0. */
Test(low, softmax_without_its_largest_number_taken_off_gives_a_row_of_nan)
{
    const float x[ALL] = {12.0f, 11.0f, 0.0f, 3.0f, 2.0f, 1.0f};
    float out[ALL], e[3], sum = 0.0f;

    run(OP_LOG_SOFTMAX, true, x, NULL, NULL, out);
    cr_expect(isnan(out[0]) || isinf(out[0]));
    cr_expect(isnan(out[0]), "inf / inf");
    cr_expect(isinf(out[1]), "a finite share of an infinite sum is 0, and its logarithm -inf");
    for (int j = 0; j < 3; j++) {
        e[j] = r(expf(x[3 + j]));
        sum += e[j];
    }
    for (int j = 0; j < 3; j++)
        cr_expect_eq(out[3 + j], r(logf(r(e[j] / r(sum)))));
}

Test(low, softmax_rounds_each_exp_and_their_sum)
{
    const float x[ALL] = {12.0f, 11.0f, 0.0f, 0.1f, -0.7f, 0.3f};
    float out[ALL], wide[3], sum = 0.0f, d[3], log_sum;

    run(OP_LOG_SOFTMAX, false, x, NULL, NULL, out);
    for (int j = 0; j < 3; j++) {
        d[j] = r(r(x[3 + j]) - r(0.3f));
        sum += r(expf(d[j]));
    }
    log_sum = r(logf(r(sum)));
    for (int j = 0; j < 3; j++) {
        cr_expect_eq(out[3 + j], r(d[j] - log_sum));
        cr_expect(isfinite(out[j]));
        wide[j] = r(x[3 + j]) - r(0.3f) - logf(sum);
        cr_expect(fabsf(wide[j] - out[3 + j]) < 2e-3f);
    }
}

Test(low, softmax_backward_rounds_share_and_product)
{
    const float out_of[ALL] = {-0.1f, -2.5f, -4.0f, -1.0f, -1.1f, -1.2f};
    const float dout[ALL] = {-0.3f, 0.0f, 0.0f, 0.0f, -0.7f, 0.1f};
    float din[ALL];

    run(OP_LOG_SOFTMAX_BACKWARD, false, out_of, dout, NULL, din);
    for (int i = 0; i < ALL; i++) {
        const float *row = dout + i / COLS * COLS;
        float sum = r(r(row[0]) + r(row[1]) + r(row[2]));

        cr_expect_eq(din[i], r(r(dout[i]) - r(r(expf(r(out_of[i]))) * sum)));
    }
}

Test(low, layernorm_gives_zeros_for_a_row_whose_squares_overflow)
{
    const float x[ALL] = {300.0f, -300.0f, 600.0f, 1.0f, 2.0f, 4.0f}, w[COLS] = {1, 1, 1};
    const float dout[ALL] = {1.0f, 2.0f, 3.0f, 1.0f, 2.0f, 3.0f};
    float out[ALL], dx[ALL];

    run(OP_LAYERNORM, false, x, NULL, w, out);
    run(OP_LAYERNORM_DX, false, x, dout, w, dx);
    for (int i = 0; i < COLS; i++) {
        cr_expect_eq(out[i], 0.0f);
        cr_expect_eq(dx[i], 0.0f);
        cr_expect(out[COLS + i] != 0.0f);
        cr_expect(dx[COLS + i] != 0.0f);
    }
}

Test(low, layernorm_rounds_mean_square_root_and_product)
{
    const float x[ALL] = {0.1f, 0.2f, 0.7f, 1.3f, -2.7f, 3.1f}, w[COLS] = {0.9f, 1.1f, -0.3f};
    const float dout[ALL] = {0.5f, -0.25f, 0.7f, 0.3f, 0.1f, -0.9f};
    float out[ALL], dw[COLS], expected[COLS] = {0};

    run(OP_LAYERNORM, false, x, NULL, w, out);
    run(OP_LAYERNORM_DW, false, x, dout, w, dw);
    for (int row = 0; row < ROWS; row++) {
        const float *at = x + row * COLS;
        float mean = r((r(at[0]) + r(at[1]) + r(at[2])) / 3.0f), squares = 0.0f, root;

        for (int i = 0; i < COLS; i++)
            squares += r(r(r(at[i]) - mean) * r(r(at[i]) - mean));
        root = r(1.0f / r(sqrtf(r(r(squares / 3.0f) + 1e-5f))));
        for (int i = 0; i < COLS; i++) {
            float h = r(r(r(at[i]) - mean) * root);

            cr_expect_eq(out[row * COLS + i], r(r(h * r(w[i])) + 0.0f));
            expected[i] += r(r(dout[row * COLS + i]) * h);
        }
    }
    for (int i = 0; i < COLS; i++)
        cr_expect_eq(dw[i], r(expected[i]));
}
