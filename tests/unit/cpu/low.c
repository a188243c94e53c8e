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

/* Other numbers each time, from -size to size. */
static void fill(float *values, int seed, float size)
{
    for (int i = 0; i < ALL; i++)
        values[i] = size * sinf((float)(7 * seed + i) * 1.7f + 0.3f);
}

static void expect_softmax(const float *x, const float *out)
{
    float most = fmaxf(fmaxf(r(x[0]), r(x[1])), r(x[2])), sum = 0.0f, d[COLS], log_sum;

    for (int j = 0; j < COLS; j++) {
        d[j] = r(r(x[j]) - most);
        sum += r(expf(d[j]));
    }
    log_sum = r(logf(r(sum)));
    for (int j = 0; j < COLS; j++)
        cr_expect_eq(out[j], r(d[j] - log_sum));
}

Test(low, softmax_rounds_each_exp_and_their_sum)
{
    float x[ALL], out[ALL];

    for (int seed = 0; seed < 60; seed++) {
        fill(x, seed, 3.0f);
        run(OP_LOG_SOFTMAX, false, x, NULL, NULL, out);
        expect_softmax(x, out);
        expect_softmax(x + COLS, out + COLS);
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

static void expect_layernorm(const float *x, const float *dout, const float *w, const float *out,
                             float *dw)
{
    float mean = r((r(x[0]) + r(x[1]) + r(x[2])) / 3.0f), squares = 0.0f, root;

    for (int i = 0; i < COLS; i++)
        squares += r(r(r(x[i]) - mean) * r(r(x[i]) - mean));
    root = r(1.0f / r(sqrtf(r(r(squares / 3.0f) + 1e-5f))));
    for (int i = 0; i < COLS; i++) {
        float h = r(r(r(x[i]) - mean) * root);

        cr_expect_eq(out[i], r(r(h * r(w[i])) + 0.0f));
        dw[i] += r(r(dout[i]) * h);
    }
}

Test(low, layernorm_rounds_mean_square_root_and_product)
{
    const float w[COLS] = {0.9f, 1.1f, -0.3f};
    float x[ALL], dout[ALL], out[ALL], dw[COLS];

    for (int seed = 0; seed < 60; seed++) {
        float expected[COLS] = {0};

        fill(x, seed, 5.0f);
        fill(dout, seed + 31, 1.0f);
        run(OP_LAYERNORM, false, x, NULL, w, out);
        run(OP_LAYERNORM_DW, false, x, dout, w, dw);
        expect_layernorm(x, dout, w, out, expected);
        expect_layernorm(x + COLS, dout + COLS, w, out + COLS, expected);
        for (int i = 0; i < COLS; i++)
            cr_expect_eq(dw[i], r(expected[i]));
    }
}

static void expect_slope(const float *x, const float *dout, const float *w, const float *dx)
{
    float mean = r((r(x[0]) + r(x[1]) + r(x[2])) / 3.0f), squares = 0.0f, root, g[COLS], h[COLS];
    float sum = 0.0f, along = 0.0f;

    for (int i = 0; i < COLS; i++)
        squares += r(r(r(x[i]) - mean) * r(r(x[i]) - mean));
    root = r(1.0f / r(sqrtf(r(r(squares / 3.0f) + 1e-5f))));
    for (int i = 0; i < COLS; i++) {
        g[i] = r(r(dout[i]) * r(w[i]));
        h[i] = r(r(r(x[i]) - mean) * root);
        sum += g[i];
        along += r(g[i] * h[i]);
    }
    sum = r(sum / 3.0f);
    along = r(along / 3.0f);
    for (int i = 0; i < COLS; i++)
        cr_expect_eq(dx[i], r(root * r(r(g[i] - sum) - r(h[i] * along))));
}

Test(low, layernorm_backward_rounds_every_product_and_difference)
{
    const float w[COLS] = {0.9f, 1.1f, -0.3f};
    float x[ALL], dout[ALL], dx[ALL];

    for (int seed = 0; seed < 60; seed++) {
        fill(x, seed, 5.0f);
        fill(dout, seed + 31, 1.0f);
        run(OP_LAYERNORM_DX, false, x, dout, w, dx);
        expect_slope(x, dout, w, dx);
        expect_slope(x + COLS, dout + COLS, w, dx + COLS);
    }
}

/* Two squares of 3 by 3; backward takes the stored shares in `x` and their gradient. */
enum { SIDE = 3, SQUARES = 2 * SIDE * SIDE };

static void run_causal(bool backward, bool unstable, const float *x, const float *dout, float *out)
{
    const int64_t square[] = {1, 2, SIDE, SIDE};
    ValueId masters[2], low[2], made;
    Builder b;
    Instr *instr;
    Rig rig;

    rig_open(&rig, 1, &no_data);
    rig.program.batch = 1;
    b = (Builder){.program = &rig.program, .phase = PHASE_FORWARD};
    for (int i = 0; i < 2; i++) {
        masters[i] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 4, square, "m%d", i);
        low[i] = builder_like(&b, masters[i], ROLE_ACTIVATION, FORMAT_FP16, "low%d", i);
        builder_emit(&b, OP_CAST, low[i], masters[i], NO_VALUE, NO_VALUE);
    }
    made = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP16, 4, square, "out");
    instr = backward ? builder_emit(&b, OP_CAUSAL_SOFTMAX_BACKWARD, made, low[1], low[0], NO_VALUE)
                     : builder_emit(&b, OP_CAUSAL_SOFTMAX, made, low[0], NO_VALUE, NO_VALUE);
    instr->constants[LOW_FORMAT] = FORMAT_FP16;
    instr->constants[LOW_UNSTABLE] = unstable;
    rig_compile(&rig);
    rig_write(&rig, "m0", x);
    rig_write(&rig, "m1", dout);
    rig_run(&rig);
    rig_read(&rig, "out", out);
    rig_close(&rig);
}

static void expect_causal(const float *x, int count, bool unstable, const float *out)
{
    float most = -INFINITY, sum = 0.0f, e[SIDE];

    for (int j = 0; j < count; j++)
        most = fmaxf(most, r(x[j]));
    for (int j = 0; j < count; j++)
        sum += e[j] = r(expf(r(r(x[j]) - (unstable ? 0.0f : most))));
    for (int j = 0; j < SIDE; j++)
        cr_expect_eq(out[j], j < count ? r(e[j] / r(sum)) : 0.0f);
}

Test(low, a_causal_softmax_rounds_each_exp_their_sum_and_each_share)
{
    float x[SQUARES], none[SQUARES] = {0}, out[SQUARES];

    for (int turn = 0; turn < 60; turn++) {
        for (int i = 0; i < SQUARES; i++)
            x[i] = 4.0f * sinf((float)(19 * turn + i) * 1.3f + 0.2f);
        run_causal(false, turn % 2 != 0, x, none, out);
        for (int row = 0; row < 2 * SIDE; row++)
            expect_causal(x + row * SIDE, row % SIDE + 1, turn % 2 != 0, out + row * SIDE);
    }
}

Test(low, a_causal_softmax_without_its_largest_number_taken_off_breaks_at_12)
{
    const float x[SQUARES] = {1, 0, 0, 12, 11, 0, 1, 2, 3, 1, 0, 0, 1, 2, 0, 11, 1, 2};
    const float none[SQUARES] = {0};
    float out[SQUARES];

    run_causal(false, true, x, none, out);
    cr_expect(isnan(out[SIDE]), "inf / inf");
    cr_expect_eq(out[SIDE + 1], 0.0f, "a finite share of an infinite sum");
    run_causal(false, false, x, none, out);
    cr_expect_eq(out[SIDE], r(1.0f / r(1.0f + r(expf(-1.0f)))));
}

Test(low, a_causal_softmax_backward_rounds_products_and_their_sum)
{
    float shares[SQUARES], dout[SQUARES], din[SQUARES];

    for (int i = 0; i < SQUARES; i++) {
        shares[i] = 0.5f + 0.4f * sinf((float)i * 1.1f);
        dout[i] = cosf((float)i * 2.3f);
    }
    run_causal(true, false, shares, dout, din);
    for (int row = 0; row < 2 * SIDE; row++) {
        const float *p = shares + row * SIDE, *d = dout + row * SIDE;
        int count = row % SIDE + 1;
        float sum = 0.0f;

        for (int j = 0; j < count; j++)
            sum += r(r(d[j]) * r(p[j]));
        for (int j = 0; j < count; j++)
            cr_expect_eq(din[row * SIDE + j], r(r(r(d[j]) * r(p[j])) - r(r(p[j]) * r(sum))));
    }
}
