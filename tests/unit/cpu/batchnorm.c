/* Batchnorm against PyTorch's own results (tests/golden/batchnorm.txt), and when its running statistics move. */
#include "numbers.h"
#include "rig.h"

#include "amp/emit.h"
#include "base/random.h"
#include "nn/emit.h"
#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { EXAMPLES = 3, COUNT = 36, CHANNELS = 2 };

static const DataView no_data;
static const int64_t picture[] = {EXAMPLES, CHANNELS, 2, 3}, each[] = {CHANNELS};

/* A master that tests write, and its cast. */
static ValueId given(Builder *b, Format format, int rank, const int64_t *shape, const char *name)
{
    ValueId master = builder_value(b, ROLE_MASTER, FORMAT_FP32, rank, shape, "%s.master", name);
    ValueId value = builder_value(b, ROLE_ACTIVATION, format, rank, shape, "%s", name);

    builder_emit(b, OP_CAST, value, master, NO_VALUE, NO_VALUE);
    return value;
}

static Instr *emit(Builder *b, OpKind op, ValueId out, const ValueId in[5])
{
    Instr *instr = builder_emit_counted(b, op, out, in[0], in[1], in[2]);

    instr->in[3] = in[3];
    instr->in[4] = in[4];
    return instr;
}

static void emit_running(Builder *b, ValueId running, ValueId stat, double factor)
{
    Instr *instr = builder_emit(b, OP_RUNNING, NO_VALUE, running, stat, NO_VALUE);

    instr->constants[RUNNING_SHARE] = 0.1;
    instr->constants[RUNNING_FACTOR] = factor;
}

static void emit_all(Rig *rig, Format format)
{
    Builder b = {.program = &rig->program, .low = format, .probes = PROBE_ON};
    ValueId x = given(&b, format, 4, picture, "x"), dout = given(&b, format, 4, picture, "dout");
    ValueId w = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, each, "w");
    ValueId bias = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, each, "b");
    ValueId running_mean = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, each, "running_mean");
    ValueId running_var = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, each, "running_var");
    ValueId mean = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 1, each, "mean");
    ValueId var = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 1, each, "var");
    double numbers = (double)channel_numbers(builder_get(&b, x), CHANNELS);

    rig->program.batch = EXAMPLES;
    emit(&b, OP_BATCHNORM, builder_like(&b, x, ROLE_ACTIVATION, format, "held_out"),
         (const ValueId[]){x, running_mean, running_var, w, bias});
    emit(&b, OP_BATCH_MEAN, mean, (const ValueId[]){x, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE});
    emit(&b, OP_BATCH_VAR, var, (const ValueId[]){x, mean, NO_VALUE, NO_VALUE, NO_VALUE});
    emit_running(&b, running_mean, mean, 1.0);
    emit_running(&b, running_var, var, numbers / (numbers - 1.0));
    emit(&b, OP_BATCHNORM, builder_like(&b, x, ROLE_ACTIVATION, format, "out"),
         (const ValueId[]){x, mean, var, w, bias});
    emit(&b, OP_BATCHNORM_DX, builder_like(&b, x, ROLE_ACTIVATION_GRAD, format, "dx"),
         (const ValueId[]){dout, x, mean, var, w});
    emit(&b, OP_BATCHNORM_DW, builder_like(&b, w, ROLE_WEIGHT_GRAD, FORMAT_FP32, "dw"),
         (const ValueId[]){dout, x, mean, var, NO_VALUE});
    emit(&b, OP_CONV2D_DB, builder_like(&b, w, ROLE_WEIGHT_GRAD, FORMAT_FP32, "db"),
         (const ValueId[]){dout, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE});
}

static void write(Rig *rig, FILE *file, const char *row, const char *name, int count)
{
    float values[COUNT];

    numbers_find(file, row, values, count);
    rig_write(rig, name, values);
}

/* Within a unit of the last place, or what a sum in fp32 may err. */
static void expect_close(Rig *rig, FILE *file, Format operands, Format format, const char *name,
                         int count)
{
    float ours[COUNT], theirs[COUNT];
    char row[VALUE_NAME];

    snprintf(row, sizeof row, "batch.%s.%s", format_name(operands), name);
    numbers_find(file, row, theirs, count);
    rig_read(rig, name, ours);
    for (int i = 0; i < count; i++) {
        float unit = ldexpf(1.0f, ilogbf(theirs[i]) - format_table[format].mantissa_bits);

        cr_expect(fabsf(ours[i] - theirs[i]) <= fmaxf(unit, 0x1p-20f),
                  "%s[%d] is %a, PyTorch has %a", row, i, (double)ours[i], (double)theirs[i]);
    }
}

/* x and dout in the named format, all else in fp32, as autocast has it. */
static void compare(Format format)
{
    FILE *file = numbers_open("batchnorm.txt");
    Rig rig;

    rig_open(&rig, 2, &no_data);
    emit_all(&rig, format);
    rig_compile(&rig);
    write(&rig, file, "batch.x", "x.master", COUNT);
    write(&rig, file, "batch.dout", "dout.master", COUNT);
    write(&rig, file, "batch.w", "w", CHANNELS);
    write(&rig, file, "batch.b", "b", CHANNELS);
    write(&rig, file, "batch.running_mean", "running_mean", CHANNELS);
    write(&rig, file, "batch.running_var", "running_var", CHANNELS);
    rig_run(&rig);
    expect_close(&rig, file, format, format, "held_out", COUNT);
    expect_close(&rig, file, format, format, "out", COUNT);
    expect_close(&rig, file, format, format, "dx", COUNT);
    expect_close(&rig, file, format, FORMAT_FP32, "dw", CHANNELS);
    expect_close(&rig, file, format, FORMAT_FP32, "db", CHANNELS);
    expect_close(&rig, file, format, FORMAT_FP32, "running_mean", CHANNELS);
    expect_close(&rig, file, format, FORMAT_FP32, "running_var", CHANNELS);
    rig_close(&rig);
    fclose(file);
}

Test(batchnorm, is_that_of_pytorch)
{
    compare(FORMAT_FP32);
    compare(FORMAT_FP16);
    compare(FORMAT_BF16);
}

enum { BATCH = 4, FEATURES = 6, CLASSES = 3, TRAIN = 24, WIDTH = 5 };

static float inputs[TRAIN * FEATURES];
static int32_t labels[TRAIN];
static const DataView view = {
    .inputs = inputs, .labels = labels, .train_count = TRAIN, .features = FEATURES};

static void start(Rig *rig, int rounds)
{
    ExampleShape shape = {.rank = 1, .shape = {FEATURES}, .classes = CLASSES};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    Random random = {.seed = 11, .stream = RANDOM_DATA};
    OptimSpec optim;
    NetSpec spec;
    Net net;

    for (int i = 0; i < TRAIN * FEATURES; i++)
        inputs[i] = (float)random_normal(&random, (uint64_t)i);
    for (int i = 0; i < TRAIN; i++)
        labels[i] = i % CLASSES;
    rig_open(rig, 2, &view);
    Builder b = {.program = &rig->program, .low = FORMAT_FP16, .probes = PROBE_ON};
    cr_assert_not(failed(net_parse("linear 5, batchnorm, relu, linear 3", "relu", &spec)));
    cr_assert_not(failed(optim_spec("sgd", &optim)));
    rig->program.batch = BATCH;
    rig->program.rounds = rounds;
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    amp_emit_accumulate(&b);
    amp_emit_unscale(&b);
    optim_emit(&optim, &b);
    amp_emit_update(&b);
    rig_compile(rig);
    for (int i = 0; i < rig->program.param_count; i++) {
        float values[FEATURES * WIDTH];

        nn_init_param(&rig->program, i, 1, values);
        rig_write(rig, rig->program.values[rig->program.params[i].master].name, values);
    }
    rig->scalars = (Scalars){.scale = 1024.0f,
                             .check = true,
                             .dynamic = true,
                             .growth = 2.0,
                             .backoff = 0.5,
                             .interval = 100,
                             .lr = 0.1,
                             .loss_weight = 1.0f};
    rig_scalars(rig);
}

static void read_running(const Rig *rig, float running[2 * WIDTH])
{
    const char *names[] = {"bn1.running_mean", "bn1.running_var"};

    for (int i = 0; i < 2; i++)
        cr_assert_not(failed(
            cpu_backend.store_read(rig->store, names[i], running + (ptrdiff_t)i * WIDTH, WIDTH)));
}

/* What they are behind micro-batches that each move them. */
static void move(Rig *rig, float running[2 * WIDTH])
{
    float mean[WIDTH], var[WIDTH], unbiased = (float)BATCH / (float)(BATCH - 1);

    rig_read(rig, "bn1.mean", mean);
    rig_read(rig, "bn1.var", var);
    for (int i = 0; i < WIDTH; i++) {
        running[i] = (1.0f - 0.1f) * running[i] + 0.1f * mean[i];
        running[WIDTH + i] = (1.0f - 0.1f) * running[WIDTH + i] + 0.1f * (unbiased * var[i]);
    }
}

Test(batchnorm, begins_with_running_mean_0_and_variance_1)
{
    float running[2 * WIDTH];
    Rig rig;

    start(&rig, 1);
    read_running(&rig, running);
    for (int i = 0; i < 2 * WIDTH; i++)
        cr_expect_eq(running[i], i < WIDTH ? 0.0f : 1.0f);
    rig_close(&rig);
}

/* The first batch has an input that overflows fp16. */
Test(batchnorm, moves_its_statistics_in_a_step_that_is_skipped_and_an_inf_spoils_them_for_good)
{
    float running[2 * WIDTH], weight[FEATURES * WIDTH], after[FEATURES * WIDTH];
    StepOutcome outcome;
    Rig rig;

    start(&rig, 1);
    rig_read(&rig, "fc1.weight", weight);
    inputs[0] = 1e30f;
    rig_run(&rig);
    rig_collect(&rig, &outcome);
    cr_expect(outcome.skipped);
    rig_read(&rig, "fc1.weight", after);
    cr_expect_arr_eq(weight, after, sizeof weight);
    for (int step = 0; step < 3; step++) {
        read_running(&rig, running);
        for (int i = 0; i < 2 * WIDTH; i++)
            cr_expect(!isfinite(running[i]), "step %d: %g", step, (double)running[i]);
        rig_run(&rig);
        rig_collect(&rig, &outcome);
        cr_expect_not(outcome.skipped);
    }
    rig_close(&rig);
}

Test(batchnorm, moves_its_statistics_in_a_step_that_is_skipped_for_its_gradients)
{
    float running[2 * WIDTH], wanted[2 * WIDTH];
    StepOutcome outcome;
    Rig rig;

    start(&rig, 1);
    rig.scalars.scale = 0x1p100f;
    rig_scalars(&rig);
    read_running(&rig, wanted);
    rig_run(&rig);
    rig_collect(&rig, &outcome);
    cr_expect(outcome.skipped);
    move(&rig, wanted);
    read_running(&rig, running);
    cr_expect_arr_eq(running, wanted, sizeof running);
    rig_close(&rig);
}

Test(batchnorm, moves_its_statistics_by_each_micro_batch)
{
    float once[2 * WIDTH], running[2 * WIDTH];
    StepOutcome outcome;
    Rig rig;

    start(&rig, 1);
    rig.scalars.lr = 0.0;
    rig_scalars(&rig);
    for (int i = 0; i < 3; i++) {
        rig_run(&rig);
        rig_collect(&rig, &outcome);
    }
    read_running(&rig, once);
    rig_close(&rig);
    start(&rig, 3);
    rig_run(&rig);
    rig_collect(&rig, &outcome);
    read_running(&rig, running);
    cr_expect_arr_eq(running, once, sizeof running);
    rig_close(&rig);
}

Test(batchnorm, has_its_statistics_as_before_where_a_step_is_dropped)
{
    float before[2 * WIDTH], now[2 * WIDTH];
    int backward;
    Rig rig;

    start(&rig, 2);
    read_running(&rig, before);
    backward = program_phase(&rig.program, PHASE_BACKWARD);
    cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, backward)));
    read_running(&rig, now);
    cr_expect_arr_neq(now, before, sizeof now, "the forward pass moves them");
    cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, 0)));
    read_running(&rig, now);
    cr_expect_arr_eq(now, before, sizeof now, "dropped");
    cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, backward)));
    cpu_backend.plan_free(rig.plan);
    rig.plan = NULL;
    read_running(&rig, now);
    cr_expect_arr_eq(now, before, sizeof now, "freed");
    rig_close(&rig);
}

Test(batchnorm, goes_on_from_where_a_step_that_was_taken_in_parts_left_it)
{
    float whole[2 * WIDTH], parts[2 * WIDTH];
    int loss, count;
    Rig rig;

    start(&rig, 1);
    for (int i = 0; i < 2; i++)
        rig_run(&rig);
    read_running(&rig, whole);
    rig_close(&rig);
    start(&rig, 1);
    loss = program_phase(&rig.program, PHASE_LOSS);
    count = rig.program.instr_count;
    for (int i = 0; i < 2; i++) {
        cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, loss)));
        cr_assert_not(failed(cpu_backend.plan_run(rig.plan, loss, count)));
    }
    read_running(&rig, parts);
    cr_expect_arr_eq(parts, whole, sizeof parts);
    rig_close(&rig);
}
