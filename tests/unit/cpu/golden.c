/* Whole steps against PyTorch: two linear layers, mean squared error, sgd with lr 1, four batches,
 * inf put into the second weight's gradient at step 2. tests/golden/two_linear_mse_sgd.txt says how
 * it was made.
 */
#include "numbers.h"
#include "rig.h"

#include "amp/emit.h"
#include "nn/emit.h"
#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 8, MATRIX = WIDTH * WIDTH, BATCHES = 4, LINE = 1 << 14 };

typedef struct Golden {
    float w1[MATRIX], b1[WIDTH], w2[MATRIX], b2[WIDTH];
    float inputs[BATCHES * MATRIX], targets[BATCHES * MATRIX];
} Golden;

typedef struct Case {
    const char *name;
    Format low;
    float init;
    int64_t interval;
    bool scaled, inject;
    float tolerance; /* of weights, relative; 0: every bit */
} Case;

static void read_golden(Golden *golden)
{
    FILE *file = numbers_open("two_linear_mse_sgd.txt");

    numbers_read(file, "init.W1", golden->w1, MATRIX);
    numbers_read(file, "init.b1", golden->b1, WIDTH);
    numbers_read(file, "init.W2", golden->w2, MATRIX);
    numbers_read(file, "init.b2", golden->b2, WIDTH);
    for (int i = 0; i < BATCHES; i++) {
        char name[8];

        snprintf(name, sizeof name, "x%d", i);
        numbers_read(file, name, golden->inputs + i * MATRIX, MATRIX);
        snprintf(name, sizeof name, "t%d", i);
        numbers_read(file, name, golden->targets + i * MATRIX, MATRIX);
    }
    fclose(file);
}

static FILE *find_case(const char *name)
{
    static char line[LINE];
    FILE *file = numbers_open("two_linear_mse_sgd.txt");
    char wanted[64];

    snprintf(wanted, sizeof wanted, "## case %s:", name);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            return file;
    cr_assert_fail("no case %s in the golden file", name);
    return file;
}

static void emit(Rig *rig, Format low)
{
    Builder builder = {.program = &rig->program, .low = low, .probes = PROBE_ON};
    ExampleShape shape = {.rank = 1, .shape = {WIDTH}, .target_width = WIDTH};
    LossSpec loss = {.kind = "mse", .weight = 1.0f};
    NetSpec spec;
    OptimSpec optim;
    Net net;

    cr_assert_not(failed(net_parse("linear 8, linear 8", "relu", &spec)));
    cr_assert_not(failed(optim_spec("sgd", &optim)));
    rig->program.batch = WIDTH;
    nn_emit_step(&builder, &spec, &loss, &shape, &net);
    amp_emit_unscale(&builder);
    optim_emit(&optim, &builder);
    amp_emit_update(&builder);
}

static void put_inf(Rig *rig)
{
    float grad[MATRIX];

    for (int i = 0; i < MATRIX; i++)
        grad[i] = INFINITY;
    rig_write(rig, "fc2.weight.grad", grad);
}

static void step(Rig *rig, bool inject, StepOutcome *outcome)
{
    int unscale = program_phase(&rig->program, PHASE_UNSCALE);

    cr_assert_not(failed(cpu_backend.plan_run(rig->plan, 0, unscale)));
    if (inject)
        put_inf(rig);
    cr_assert_not(failed(cpu_backend.plan_run(rig->plan, unscale, rig->program.instr_count)));
    rig_collect(rig, outcome);
}

static float word_after(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    cr_assert_not_null(at, "no %s in %s", name, line);
    return strtof(at + strlen(name), NULL);
}

static void expect_step(FILE *file, const Case *c, const StepOutcome *outcome)
{
    char line[512];
    int number, tracker;
    float loss, scale;
    bool stepped;

    cr_assert_not_null(fgets(line, sizeof line, file));
    number = (int)word_after(line, "step ");
    loss = word_after(line, "loss ");
    scale = word_after(line, "scale ");
    tracker = (int)word_after(line, "tracker ");
    stepped = strstr(line, "stepped True") != NULL;
    cr_expect(fabsf(outcome->loss - loss) <= 2e-7f * loss, "%s step %d: loss %a, PyTorch %a",
              c->name, number, (double)outcome->loss, (double)loss);
    cr_expect_neq(outcome->skipped, stepped, "%s step %d", c->name, number);
    if (!c->scaled)
        return;
    cr_expect_eq(outcome->scale_next, scale, "%s step %d: scale %g", c->name, number,
                 (double)outcome->scale_next);
    cr_expect_eq(outcome->tracker, tracker, "%s step %d", c->name, number);
}

static void expect_tensor(Rig *rig, FILE *file, const Case *c, const char *golden, const char *name,
                          int count)
{
    float ours[MATRIX], theirs[MATRIX];

    numbers_read(file, golden, theirs, count);
    rig_read(rig, name, ours);
    for (int i = 0; i < count; i++)
        cr_expect(c->tolerance == 0.0f
                      ? memcmp(&ours[i], &theirs[i], sizeof *ours) == 0
                      : fabsf(ours[i] - theirs[i]) <= c->tolerance * fabsf(theirs[i]) + 1e-7f,
                  "%s: %s[%d] is %a, PyTorch has %a", c->name, name, i, (double)ours[i],
                  (double)theirs[i]);
}

static void prepare(Rig *rig, const Case *c, const Golden *golden)
{
    DataView view = {.inputs = golden->inputs,
                     .targets = golden->targets,
                     .train_count = BATCHES * WIDTH,
                     .features = WIDTH,
                     .target_width = WIDTH};

    rig_open(rig, 1, &view);
    emit(rig, c->low);
    rig_compile(rig);
    rig_write(rig, "fc1.weight", golden->w1);
    rig_write(rig, "fc1.bias", golden->b1);
    rig_write(rig, "fc2.weight", golden->w2);
    rig_write(rig, "fc2.bias", golden->b2);
    rig->scalars.scale = c->init;
    rig->scalars.check = true; /* the control skips by hand, at the same step */
    rig->scalars.dynamic = c->scaled;
    rig->scalars.growth = 2.0;
    rig->scalars.backoff = 0.5;
    rig->scalars.interval = c->interval;
    rig->scalars.lr = 1.0;
    rig_scalars(rig);
}

static void run_case(Case c)
{
    static Golden golden;
    FILE *file = find_case(c.name);
    StepOutcome outcome;
    Rig rig;

    read_golden(&golden);
    prepare(&rig, &c, &golden);
    for (int i = 0; i < BATCHES; i++) {
        step(&rig, c.inject && i == 2, &outcome);
        expect_step(file, &c, &outcome);
    }
    expect_tensor(&rig, file, &c, "final.W1", "fc1.weight", MATRIX);
    expect_tensor(&rig, file, &c, "final.b1", "fc1.bias", WIDTH);
    expect_tensor(&rig, file, &c, "final.W2", "fc2.weight", MATRIX);
    expect_tensor(&rig, file, &c, "final.b2", "fc2.bias", WIDTH);
    rig_close(&rig);
    fclose(file);
}

Test(golden, fp32_without_a_scaler_is_within_rounding_of_pytorch)
{
    run_case((Case){"control_fp32", FORMAT_FP32, 1.0f, 1, false, true, 1e-5f});
}

Test(golden, fp32_with_a_scaler_is_within_rounding_of_pytorch)
{
    run_case((Case){"scaled_fp32", FORMAT_FP32, 128.0f, 1, true, true, 1e-5f});
}

Test(golden, fp16_autocast_gives_the_bits_of_pytorch)
{
    run_case((Case){"scaled_fp16_autocast", FORMAT_FP16, 128.0f, 1, true, true, 0.0f});
}

Test(golden, bf16_autocast_gives_the_bits_of_pytorch)
{
    run_case((Case){"scaled_bf16_autocast", FORMAT_BF16, 128.0f, 1, true, true, 0.0f});
}

Test(golden, fp16_autocast_at_the_default_scale_gives_the_bits_of_pytorch)
{
    run_case((Case){"scaled_fp16_autocast_2^16", FORMAT_FP16, 65536.0f, 2000, true, false, 0.0f});
}
