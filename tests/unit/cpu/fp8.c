/* fp8 casts by TransformerEngine's rules: scales, histories, what is clamped, and products of them. */
#include "rig.h"

#include "numerics/round.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { COUNT = 6, STEPS_KEPT = 3 };

static const DataView no_data;

typedef struct Setup {
    Fp8Scaling how;
    Format to;
    double margin;
} Setup;

/* x of 2 x 3 is cast, and what was seen remembered. */
static void open_cast(Rig *rig, Setup setup)
{
    const int64_t shape[] = {2, COUNT / 2}, numbers[] = {FP8_NUMBERS}, kept[] = {STEPS_KEPT + 1};
    Builder b = {.program = &rig->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    ValueId x, history, scale, copy;
    Instr *instr;

    rig_open(rig, 1, &no_data);
    rig->program.batch = 2;
    x = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, shape, "x");
    history = builder_value(&b, ROLE_HISTORY, FORMAT_FP32, 1, kept, "x.fp8_amax");
    scale = builder_value(&b, ROLE_SCALAR, FORMAT_FP32, 1, numbers, "x.fp8_scale");
    copy = builder_value(&b, ROLE_COPY, setup.to, 2, shape, "x.fp8");
    rig->program.values[copy].source = x;
    instr = builder_emit(&b, OP_FP8_SCALE, scale, x, history, NO_VALUE);
    instr->constants[FP8_HOW] = setup.how;
    instr->constants[FP8_MARGIN] = setup.margin;
    instr->constants[FP8_FORMAT] = setup.to;
    builder_emit_counted(&b, OP_CAST_FP8, copy, x, scale, NO_VALUE);
    b.phase = PHASE_UPDATE;
    builder_emit(&b, OP_FP8_HISTORY, NO_VALUE, history, scale, NO_VALUE);
    rig_compile(rig);
}

/* One step with these numbers: the scale it took. */
static float step(Rig *rig, const float values[COUNT], float made[COUNT])
{
    float scale[FP8_NUMBERS];

    rig_write(rig, "x", values);
    rig_run(rig);
    rig_read(rig, "x.fp8_scale", scale);
    rig_read(rig, "x.fp8", made);
    cr_expect_eq(scale[FP8_INVERSE], 1.0f / scale[FP8_SCALE]);
    return scale[FP8_SCALE];
}

static void expect_counts(Rig *rig, int64_t overflow, int64_t inf, int64_t nan)
{
    CastCounts counts;
    int64_t sum = 0;

    cr_assert_not(failed(cpu_backend.counts_read(rig->plan, 1, &counts)));
    for (int c = 0; c < CAST_CLASSES; c++)
        sum += counts.classes[c];
    cr_expect_eq(sum, COUNT);
    cr_expect_eq(counts.count, COUNT);
    cr_expect_eq(counts.classes[CAST_OVERFLOW], overflow);
    cr_expect_eq(counts.classes[CAST_INF], inf);
    cr_expect_eq(counts.classes[CAST_NAN], nan);
}

Test(fp8, without_a_scale_loses_what_is_small_and_clamps_what_is_large)
{
    const float values[COUNT] = {0x1p-10f, 0x1.8p-10f, 464.0f, 465.0f, -INFINITY, NAN};
    float made[COUNT];
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_NONE, FORMAT_E4M3, 0.0});
    cr_expect_eq(step(&rig, values, made), 1.0f);
    cr_expect_eq(made[0], 0.0f);
    cr_expect_eq(made[1], 0x1p-9f);
    cr_expect_eq(made[2], 448.0f);
    cr_expect_eq(made[3], 448.0f);
    cr_expect_eq(made[4], -448.0f);
    cr_expect(isnan(made[5]));
    expect_counts(&rig, 1, 1, 1);
    rig_close(&rig);
}

Test(fp8, scaled_by_what_amax_is_now_fills_the_format_and_clamps_nothing)
{
    const float values[COUNT] = {1e-5f, -4e-4f, 3e-4f, 0.0f, NAN, 2e-6f};
    float made[COUNT], scale;
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_CURRENT, FORMAT_E5M2, 0.0});
    scale = step(&rig, values, made);
    cr_expect_eq(scale, 57344.0f / 4e-4f);
    for (int i = 0; i < COUNT; i++)
        cr_expect(made[i] == round_to(FORMAT_E5M2, OVERFLOW_SATURATE, values[i] * scale) ||
                  isnan(values[i]));
    cr_expect_eq(made[1], -57344.0f);
    expect_counts(&rig, 0, 0, 1);
    rig_close(&rig);
}

Test(fp8, a_signaling_nan_does_not_hide_the_largest_number)
{
    float values[COUNT] = {448.0f, -2.0f, 0.0f, 1.0f, 0.0f, 0.5f}, made[COUNT];
    const uint32_t signaling = 0x7F800001u;
    Rig rig;

    memcpy(&values[4], &signaling, sizeof signaling);
    open_cast(&rig, (Setup){FP8_SCALING_CURRENT, FORMAT_E4M3, 0.0});
    cr_expect_eq(step(&rig, values, made), 1.0f);
    expect_counts(&rig, 0, 0, 1);
    rig_close(&rig);
}

Test(fp8, of_zeros_or_an_infinity_is_scaled_by_1_and_of_dust_by_the_largest_float)
{
    const float zeros[COUNT] = {0.0f}, infinite[COUNT] = {2.0f, INFINITY}, dust[COUNT] = {1e-44f};
    float made[COUNT];
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_CURRENT, FORMAT_E4M3, 0.0});
    cr_expect_eq(step(&rig, zeros, made), 1.0f);
    cr_expect_eq(step(&rig, infinite, made), 1.0f);
    cr_expect_eq(made[1], 448.0f);
    cr_expect_eq(step(&rig, dust, made), FLT_MAX);
    rig_close(&rig);
}

Test(fp8, delayed_goes_by_the_largest_of_the_steps_before)
{
    const float calm[COUNT] = {1.0f}, spike[COUNT] = {10.0f}, low[COUNT] = {0.5f};
    float made[COUNT];
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_DELAYED, FORMAT_E4M3, 0.0});
    cr_expect_eq(step(&rig, low, made), 1.0f); /* there is no history */
    cr_expect_eq(step(&rig, calm, made), 896.0f);
    cr_expect_eq(made[0], 448.0f); /* 896 is clamped */
    cr_expect_eq(step(&rig, spike, made), 448.0f);
    cr_expect_eq(made[0], 448.0f); /* 10 becomes 1 */
    expect_counts(&rig, 1, 0, 0);
    cr_expect_eq(step(&rig, calm, made), 448.0f / 10.0f);
    cr_expect_eq(step(&rig, calm, made), 448.0f / 10.0f);
    cr_expect_eq(step(&rig, calm, made), 448.0f / 10.0f);
    cr_expect_eq(step(&rig, calm, made), 448.0f); /* three steps are remembered */
    rig_close(&rig);
}

Test(fp8, delayed_leaves_a_margin_of_powers_of_two)
{
    const float calm[COUNT] = {-1.0f};
    float made[COUNT];
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_DELAYED, FORMAT_E4M3, 2.0});
    (void)step(&rig, calm, made);
    cr_expect_eq(step(&rig, calm, made), 112.0f);
    cr_expect_eq(made[0], -112.0f);
    rig_close(&rig);
}

Test(fp8, delayed_keeps_the_scale_before_while_an_infinity_or_nothing_is_remembered)
{
    const float calm[COUNT] = {1.0f}, infinite[COUNT] = {INFINITY}, zeros[COUNT] = {0.0f};
    float made[COUNT], history[STEPS_KEPT + 1];
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_DELAYED, FORMAT_E4M3, 0.0});
    (void)step(&rig, calm, made);
    cr_expect_eq(step(&rig, infinite, made), 448.0f);
    cr_expect_eq(made[0], 448.0f);
    rig_read(&rig, "x.fp8_amax", history);
    cr_expect_eq(history[FP8_LAST_SCALE], 448.0f);
    cr_expect_eq(history[FP8_LAST_AMAX], INFINITY);
    cr_expect_eq(history[FP8_LAST_AMAX + 1], 1.0f);
    for (int i = 0; i < STEPS_KEPT; i++)
        cr_expect_eq(step(&rig, zeros, made), 448.0f);
    cr_expect_eq(step(&rig, zeros, made), 448.0f); /* only zeros are remembered */
    rig_close(&rig);
}

Test(fp8, leaves_no_trace_in_the_history_of_a_step_that_was_dropped)
{
    const float calm[COUNT] = {1.0f};
    float history[STEPS_KEPT + 1];
    Rig rig;

    open_cast(&rig, (Setup){FP8_SCALING_DELAYED, FORMAT_E4M3, 0.0});
    rig_write(&rig, "x", calm);
    cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, 2)));
    cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, 0)));
    rig_read(&rig, "x.fp8_amax", history);
    for (int i = 0; i <= STEPS_KEPT; i++)
        cr_expect_eq(history[i], 0.0f);
    rig_close(&rig);
}

static ValueId cast_of(Builder *b, ValueId x, const char *name, Format to)
{
    const int64_t numbers[] = {FP8_NUMBERS}, kept[] = {STEPS_KEPT + 1};
    ValueId history = builder_value(b, ROLE_HISTORY, FORMAT_FP32, 1, kept, "%s.fp8_amax", name);
    ValueId scale = builder_value(b, ROLE_SCALAR, FORMAT_FP32, 1, numbers, "%s.fp8_scale", name);
    ValueId copy = builder_like(b, x, ROLE_COPY, to, "%s.fp8", name);
    Instr *instr = builder_emit(b, OP_FP8_SCALE, scale, x, history, NO_VALUE);

    instr->constants[FP8_HOW] = FP8_SCALING_CURRENT;
    instr->constants[FP8_FORMAT] = to;
    builder_emit(b, OP_CAST_FP8, copy, x, scale, NO_VALUE);
    return copy;
}

/* a (2, 3) times b: as linear has it, (4, 3) turned; both scales are divided out, then comes the bias. */
Test(fp8, products_sum_in_fp32_and_divide_both_scales_out_before_the_bias)
{
    const float x[] = {1e-3f, -2e-3f, 3e-3f, 4e-3f, 5e-3f, -6e-3f};
    const float w[] = {10, 20, 30, -40, 50, 60, 70, 80, -90, 100, 110, 120};
    const float bias[] = {1.0f, -1.0f, 0.5f, 0.25f};
    const int64_t x_shape[] = {2, 3}, w_shape[] = {4, 3}, out_shape[] = {2, 4};
    float x8[6], w8[12], x_scale[FP8_NUMBERS], w_scale[FP8_NUMBERS], out[8];
    Builder b;
    ValueId ids[4], low;
    Rig rig;

    rig_open(&rig, 1, &no_data);
    rig.program.batch = 2;
    b = (Builder){.program = &rig.program, .phase = PHASE_FORWARD};
    ids[0] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, x_shape, "x");
    ids[1] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, w_shape, "w");
    ids[2] = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, w_shape, "bias");
    low = builder_like(&b, ids[2], ROLE_COPY, FORMAT_BF16, "bias.bf16");
    builder_emit(&b, OP_CAST, low, ids[2], NO_VALUE, NO_VALUE);
    ids[0] = cast_of(&b, ids[0], "x", FORMAT_E4M3);
    ids[1] = cast_of(&b, ids[1], "w", FORMAT_E4M3);
    ids[3] = builder_value(&b, ROLE_ACTIVATION, FORMAT_BF16, 2, out_shape, "out");
    builder_emit(&b, OP_LINEAR, ids[3], ids[0], ids[1], low);
    rig_compile(&rig);
    rig_write(&rig, "x", x);
    rig_write(&rig, "w", w);
    rig_write(&rig, "bias", bias);
    rig_run(&rig);
    rig_read(&rig, "x.fp8", x8);
    rig_read(&rig, "w.fp8", w8);
    rig_read(&rig, "x.fp8_scale", x_scale);
    rig_read(&rig, "w.fp8_scale", w_scale);
    rig_read(&rig, "out", out);
    for (int i = 0; i < 8; i++) {
        float sum = 0.0f;

        for (int k = 0; k < 3; k++)
            sum += x8[i / 4 * 3 + k] * w8[i % 4 * 3 + k];
        sum *= x_scale[FP8_INVERSE] * w_scale[FP8_INVERSE];
        cr_expect_eq(out[i], round_to(FORMAT_BF16, OVERFLOW_INFINITY, sum + bias[i % 4]));
    }
    rig_close(&rig);
}
