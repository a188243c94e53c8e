/* Optimizers over weights and state in 16 bits, and what a counted step tells. */
#include "rig.h"

#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { COUNT = 4, MANY = 20000 };

static const DataView no_data = {.features = 1};
static Rig rig;

typedef struct Low {
    const char *kind;
    Format weights, states; /* weights fp32: masters */
    WeightRounding rounding;
    ProbeSet probes;
    double lr, decay;
    int64_t count;
    int threads;
} Low;

/* One parameter "w"; its gradient is what is written to "source". */
static void begin(Low low)
{
    Builder b = {.program = &rig.program,
                 .phase = PHASE_BACKWARD,
                 .low = low.weights,
                 .low_weights = true,
                 .rounding = low.rounding,
                 .probes = low.probes};
    int64_t shape[] = {low.count == 0 ? COUNT : low.count};
    ValueId w, source, grad;
    OptimSpec spec;

    rig_open(&rig, low.threads == 0 ? 1 : low.threads, &no_data);
    w = builder_param(&b, 1, shape, COUNT, "w");
    source = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, shape, "source");
    grad = builder_like(&b, w, ROLE_WEIGHT_GRAD, FORMAT_FP32, "w.grad");
    cr_assert_not(failed(optim_spec(low.kind, &spec)));
    spec.states = low.states;
    spec.weight_decay = low.decay;
    rig.program.batch = 1;
    builder_emit(&b, OP_CAST, grad, source, NO_VALUE, NO_VALUE);
    builder_grad(&b, w, grad);
    b.phase = PHASE_UNSCALE;
    builder_emit(&b, OP_UNSCALE, NO_VALUE, grad, NO_VALUE, NO_VALUE);
    optim_emit(&spec, &b);
    b.phase = PHASE_UPDATE;
    builder_emit(&b, OP_UPDATE, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE);
    rig_compile(&rig);
    rig.scalars.lr = low.lr;
    rig.scalars.seed = 7;
    rig_scalars(&rig);
}

static CastCounts counts(void)
{
    CastCounts counts;

    cr_assert_not(failed(
        cpu_backend.counts_read(rig.plan, program_phase(&rig.program, PHASE_STEP), &counts)));
    return counts;
}

static const Low bf16_sgd = {.kind = "sgd", .weights = FORMAT_BF16, .probes = PROBE_ON, .lr = 1.0};

/* Below 1 the numbers of bf16 are 2^-8 apart, above it 2^-7. */
Test(step_low, loses_an_update_below_half_a_unit_and_counts_it)
{
    const float before[COUNT] = {1, 1, 1, 1}, wanted[COUNT] = {1, 1 + 0x1p-7f, 1, 1};
    float w[COUNT];

    begin(bf16_sgd);
    rig_write(&rig, "w", before);
    rig_write(&rig, "source", (const float[COUNT]){-0x1p-9f, -0x1p-7f, 0.0f, 0x1p-10f});
    rig_run(&rig);
    rig_read(&rig, "w", w);
    cr_expect_arr_eq(w, wanted, sizeof w);
    cr_expect_eq(counts().count, COUNT);
    cr_expect_eq(counts().classes[CAST_UNDERFLOW], 2);
    cr_expect_eq(counts().classes[CAST_NORMAL], 1);
    cr_expect_eq(counts().classes[CAST_ZERO], 1);
    rig_close(&rig);
}

Test(step_low, loses_a_few_of_fp32_masters_too)
{
    Low low = bf16_sgd;
    float w[COUNT];

    low.weights = FORMAT_FP32;
    low.probes = PROBE_UPDATES;
    begin(low);
    rig_write(&rig, "w", (const float[COUNT]){1, 1, 1, 1});
    rig_write(&rig, "source", (const float[COUNT]){0x1p-26f, 0x1p-20f, 0, 0x1p-30f});
    rig_run(&rig);
    rig_read(&rig, "w", w);
    cr_expect_eq(w[1], 1 - 0x1p-20f);
    cr_expect_eq(counts().classes[CAST_UNDERFLOW], 2);
    cr_expect_eq(counts().classes[CAST_NORMAL], 1);
    rig_close(&rig);
}

Test(step_low, counts_nothing_of_a_skipped_step)
{
    begin(bf16_sgd);
    rig.scalars.check = true;
    rig_scalars(&rig);
    for (int step = 0; step < 3; step++) {
        rig_write(&rig, "source", (const float[COUNT]){step == 2 ? INFINITY : 1, 1, 1, 1});
        rig_run(&rig);
    }
    cr_expect_eq(counts().count, 0);
    cr_expect_eq(counts().classes[CAST_NORMAL], 0);
    rig_close(&rig);
}

Test(step_low, counts_weights_that_become_inf_or_nan)
{
    Low low = bf16_sgd;

    low.weights = FORMAT_FP16;
    begin(low);
    rig_write(&rig, "w", (const float[COUNT]){60000, 1, 1, 1});
    rig_write(&rig, "source", (const float[COUNT]){-60000, NAN, 1, 0});
    rig_run(&rig);
    cr_expect_eq(counts().classes[CAST_INF], 1);
    cr_expect_eq(counts().classes[CAST_NAN], 1);
    cr_expect_eq(counts().classes[CAST_NORMAL], 1);
    rig_close(&rig);
}

/* 64 updates of an eighth of a unit are 8 units. */
Test(step_low, kahan_loses_nothing_that_its_compensation_holds)
{
    Low low = bf16_sgd;
    float w[COUNT], rest[COUNT];

    low.rounding = ROUNDING_KAHAN;
    begin(low);
    rig_write(&rig, "w", (const float[COUNT]){1, 1, 1, 1});
    rig_write(&rig, "source", (const float[COUNT]){-0x1p-10f, 0, -0x1p-10f, 0x1p-11f});
    for (int step = 1; step <= 64; step++) {
        rig_run(&rig);
        cr_expect_eq(counts().classes[CAST_UNDERFLOW], 0);
    }
    rig_read(&rig, "w", w);
    rig_read(&rig, "w.compensation", rest);
    cr_expect_eq(w[0] + rest[0], 1 + 0x1p-4f);
    cr_expect_eq(w[1] + rest[1], 1.0f);
    cr_expect_eq(w[3] + rest[3], 1 - 0x1p-5f);
    rig_close(&rig);
}

static void run_many(int threads, int64_t step, uint64_t seed, float *w)
{
    static float ones[MANY], grads[MANY];
    Low low = bf16_sgd;

    for (int i = 0; i < MANY; i++) {
        ones[i] = 1.0f;
        grads[i] = -0x1p-9f;
    }
    low.rounding = ROUNDING_STOCHASTIC;
    low.count = MANY;
    low.threads = threads;
    begin(low);
    rig.scalars.step = step;
    rig.scalars.seed = seed;
    rig_scalars(&rig);
    rig_write(&rig, "w", ones);
    rig_write(&rig, "source", grads);
    rig_run(&rig);
    rig_read(&rig, "w", w);
    rig_close(&rig);
}

Test(step_low, stochastic_rounding_is_right_on_average)
{
    static float w[MANY];
    double up = 0.0;

    run_many(1, 0, 1, w);
    for (int i = 0; i < MANY; i++)
        up += w[i] == 1 + 0x1p-7f;
    /* A quarter of a unit each; 5 standard deviations. */
    cr_expect_lt(fabs(up / MANY - 0.25), 5 * sqrt(0.25 * 0.75 / MANY));
}

Test(step_low, stochastic_rounding_follows_from_seed_and_step_and_not_from_threads)
{
    static float a[MANY], b[MANY];

    run_many(1, 5, 1, a);
    run_many(3, 5, 1, b);
    cr_expect_arr_eq(a, b, sizeof a);
    run_many(1, 6, 1, b);
    cr_expect_neq(memcmp(a, b, sizeof a), 0);
    run_many(1, 5, 2, b);
    cr_expect_neq(memcmp(a, b, sizeof a), 0);
}

Test(step_low, stochastic_rounding_takes_its_numbers_of_the_counter)
{
    static float w[MANY], exact[MANY], wanted[MANY];
    Random random = {.seed = 3, .stream = RANDOM_ROUNDING};

    for (int i = 0; i < MANY; i++)
        exact[i] = 1 + 0x1p-9f;
    run_many(2, 9, 3, w);
    round_array_stochastic(FORMAT_BF16, OVERFLOW_INFINITY, (Dither){&random, rounding_number(9, 0)},
                           exact, wanted, MANY);
    cr_expect_arr_eq(w, wanted, sizeof wanted);
}

/* g = 1e-5: its square underflows in fp16, and g = 0 has none. */
Test(step_low, adam_with_states_in_fp16_divides_by_an_eps_that_is_zero)
{
    const float before[COUNT] = {1, 1, 1, 1};
    float w[COUNT], v[COUNT];
    Low low = {.kind = "adam",
               .weights = FORMAT_FP32,
               .states = FORMAT_FP16,
               .probes = PROBE_ON,
               .lr = 1e-3};

    begin(low);
    rig_write(&rig, "w", before);
    rig_write(&rig, "source", (const float[COUNT]){1e-4f, 0.0f, 1.0f, 1e-4f});
    rig_run(&rig);
    rig_read(&rig, "w", w);
    rig_read(&rig, "w.exp_avg_sq", v);
    cr_expect_eq(v[0], 0.0f);
    cr_expect(isinf(w[0]));
    cr_expect(isnan(w[1]));
    cr_expect(isfinite(w[2]));
    cr_expect_eq(counts().classes[CAST_INF], 2);
    cr_expect_eq(counts().classes[CAST_NAN], 1);
    rig_close(&rig);

    low.states = FORMAT_BF16;
    begin(low);
    rig_write(&rig, "w", before);
    rig_write(&rig, "source", (const float[COUNT]){1e-4f, 0.0f, 1.0f, 1e-4f});
    rig_run(&rig);
    rig_read(&rig, "w", w);
    for (int i = 0; i < COUNT; i++)
        cr_expect(isfinite(w[i]), "%d", i);
    rig_close(&rig);
}

Test(step_low, momentum_moves_by_what_it_has_stored)
{
    Low low = {.kind = "momentum", .weights = FORMAT_FP32, .states = FORMAT_BF16, .lr = 1.0};
    float w[COUNT], m[COUNT];

    begin(low);
    rig_write(&rig, "source", (const float[COUNT]){1 + 0x1p-9f, 2, 3, 4});
    rig_run(&rig);
    rig_read(&rig, "w.momentum_buffer", m);
    rig_read(&rig, "w", w);
    cr_expect_eq(m[0], 1.0f);
    cr_expect_eq(w[0], -1.0f);
    rig_close(&rig);
}

static void run_steps(Low low, float *w)
{
    float grads[COUNT];

    begin(low);
    rig_write(&rig, "w", (const float[COUNT]){0.3f, -1.7f, 1e-3f, 5});
    for (int step = 0; step < 5; step++) {
        for (int i = 0; i < COUNT; i++)
            grads[i] = sinf((float)(step * COUNT + i));
        rig_write(&rig, "source", grads);
        rig_run(&rig);
    }
    rig_read(&rig, "w", w);
    rig_close(&rig);
}

Test(step_low, counting_a_step_changes_no_bit_of_it)
{
    static const char *const kinds[] = {"sgd", "momentum", "adam", "adamw"};
    static const Format formats[] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
            Low low = {.kind = kinds[k], .weights = formats[f], .lr = 0.01, .decay = 0.1};
            float plain[COUNT], counted[COUNT];

            run_steps(low, plain);
            low.probes = PROBE_UPDATES;
            run_steps(low, counted);
            cr_expect_arr_eq(plain, counted, sizeof plain, "%s %s", kinds[k],
                             format_name(formats[f]));
        }
}
