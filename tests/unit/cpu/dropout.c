/* What dropout drops, and when it is the same. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40, COLS = 250, ALL = ROWS * COLS };

static const DataView no_data;

/* x through two dropouts, one place apart, in this format. */
static void open_rig(Rig *rig, Format format, double rate, int threads)
{
    Builder b = {.program = &rig->program, .low = format, .probes = PROBE_ON};
    const int64_t shape[] = {ROWS, COLS};
    static float ones[ALL];

    rig_open(rig, threads, &no_data);
    rig->program.batch = ROWS;
    for (int i = 0; i < 2; i++) {
        ValueId x = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, shape, "x%d", i);
        ValueId low = builder_like(&b, x, ROLE_ACTIVATION, format, "low%d", i);
        ValueId out = builder_like(&b, x, ROLE_ACTIVATION, format, "out%d", i);
        Instr *instr;

        builder_emit(&b, OP_CAST, low, x, NO_VALUE, NO_VALUE);
        instr = builder_emit_counted(&b, OP_DROPOUT, out, low, NO_VALUE, NO_VALUE);
        instr->constants[DROPOUT_RATE] = rate;
        instr->constants[DROPOUT_PLACE] = (double)i;
    }
    rig_compile(rig);
    for (int i = 0; i < ALL; i++)
        ones[i] = 1.0f;
    rig_write(rig, "x0", ones);
    rig_write(rig, "x1", ones);
    rig->scalars.seed = 7;
    rig_scalars(rig);
}

static int zeros_of(const float *values)
{
    int zeros = 0;

    for (int i = 0; i < ALL; i++)
        zeros += values[i] == 0.0f;
    return zeros;
}

Test(dropout, drops_its_share_and_makes_the_rest_larger_by_as_much)
{
    float out[ALL];
    CastCounts counts;
    Rig rig;

    open_rig(&rig, FORMAT_FP16, 0.25, 1);
    rig_run(&rig);
    rig_read(&rig, "out0", out);
    cr_expect(abs(zeros_of(out) - ALL / 4) < 150, "%d of %d", zeros_of(out), ALL); /* 3.5 sigma */
    for (int i = 0; i < ALL; i++)
        cr_expect(out[i] == 0.0f || out[i] == 0x1.554p0f); /* 4/3 in fp16 */
    cr_assert_not(failed(cpu_backend.counts_read(rig.plan, 1, &counts)));
    cr_expect_eq(counts.classes[CAST_ZERO], zeros_of(out));
    cr_expect_eq(counts.classes[CAST_UNDERFLOW], 0);
    rig_close(&rig);
}

Test(dropout, of_nothing_changes_nothing)
{
    float out[ALL];
    Rig rig;

    open_rig(&rig, FORMAT_FP32, 0.0, 1);
    rig_run(&rig);
    rig_read(&rig, "out0", out);
    for (int i = 0; i < ALL; i++)
        cr_expect_eq(out[i], 1.0f);
    rig_close(&rig);
}

static void run_at(uint64_t seed, int64_t position, int threads, const char *name, float *out)
{
    Rig rig;

    open_rig(&rig, FORMAT_FP32, 0.5, threads);
    rig.scalars.seed = seed;
    rig.scalars.position = position;
    rig_scalars(&rig);
    rig_run(&rig);
    rig_read(&rig, name, out);
    rig_close(&rig);
}

Test(dropout, depends_on_seed_layer_and_example_and_on_nothing_else)
{
    static float first[ALL], again[ALL], other[ALL];

    run_at(7, 100, 1, "out0", first);
    run_at(7, 100, 3, "out0", again);
    cr_expect_arr_eq(first, again, sizeof first);
    run_at(8, 100, 1, "out0", other);
    cr_expect_neq(memcmp(first, other, sizeof first), 0);
    run_at(7, 100, 1, "out1", other);
    cr_expect_neq(memcmp(first, other, sizeof first), 0);
    run_at(7, 101, 1, "out0", other); /* the same examples, a row further up */
    cr_expect_arr_eq(first + COLS, other, (ALL - COLS) * sizeof *other);
}

Test(dropout, of_an_infinity_leaves_inf_or_nan_and_a_nan_stays_one)
{
    static float x[ALL], out[ALL];
    Rig rig;

    open_rig(&rig, FORMAT_FP32, 0.5, 1);
    for (int i = 0; i < ALL; i++)
        x[i] = i % 2 == 0 ? INFINITY : NAN;
    rig_write(&rig, "x0", x);
    rig_run(&rig);
    rig_read(&rig, "out0", out);
    for (int i = 0; i < ALL; i++)
        cr_expect(isnan(out[i]) || (i % 2 == 0 && isinf(out[i])));
    rig_close(&rig);
}
