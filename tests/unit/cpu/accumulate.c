/* A step of several micro-batches: sums, counts, loss and position are those of all of them. */
#include "rig.h"

#include "amp/emit.h"
#include "base/random.h"
#include "nn/emit.h"
#include "optim/optim.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5, FEATURES = 9, CLASSES = 4, EXAMPLES = 61, ROUNDS = 3 };
enum { WEIGHTS = FEATURES * CLASSES };

static float inputs[EXAMPLES * FEATURES];
static int32_t labels[EXAMPLES];
static const DataView view = {
    .inputs = inputs, .labels = labels, .train_count = EXAMPLES, .features = FEATURES};

static void start(Rig *rig, int rounds, float weight, Format low)
{
    ExampleShape shape = {.rank = 1, .shape = {FEATURES}, .classes = CLASSES};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    Random random = {.seed = 11, .stream = RANDOM_DATA};
    float weights[WEIGHTS];
    OptimSpec optim;
    NetSpec spec;
    Net net;

    for (int i = 0; i < EXAMPLES * FEATURES; i++)
        inputs[i] = (float)random_normal(&random, (uint64_t)i);
    for (int i = 0; i < EXAMPLES; i++)
        labels[i] = i % CLASSES;
    rig_open(rig, 2, &view);
    Builder b = {.program = &rig->program, .low = low, .probes = PROBE_ON};
    cr_assert_not(failed(net_parse("9 4", "relu", &spec)));
    cr_assert_not(failed(optim_spec("sgd", &optim)));
    rig->program.batch = BATCH;
    rig->program.rounds = rounds;
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    amp_emit_accumulate(&b);
    amp_emit_unscale(&b);
    optim_emit(&optim, &b);
    amp_emit_update(&b);
    rig_compile(rig);
    nn_init_param(&rig->program, 0, 1, weights);
    rig_write(rig, "fc1.weight", weights);
    rig->scalars = (Scalars){.scale = 1024.0f, .check = true, .loss_weight = weight, .lr = 0.0};
    rig_scalars(rig);
}

static void expect_sums(Format low)
{
    float each[WEIGHTS], wanted[WEIGHTS], sum[WEIGHTS];
    double loss = 0.0;
    StepOutcome outcome;
    Rig rig;

    start(&rig, 1, 1.0f / ROUNDS, low);
    for (int round = 0; round < ROUNDS; round++) {
        cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
        rig_collect(&rig, &outcome);
        rig_read(&rig, "fc1.weight.grad", each);
        for (int i = 0; i < WEIGHTS; i++)
            wanted[i] = round == 0 ? each[i] : wanted[i] + each[i];
        loss += (double)outcome.loss;
    }
    rig_close(&rig);
    start(&rig, ROUNDS, 1.0f / ROUNDS, low);
    cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
    rig_collect(&rig, &outcome);
    rig_read(&rig, "fc1.weight.grad.sum", sum);
    cr_expect_arr_eq(sum, wanted, sizeof sum, "%s", format_name(low));
    cr_expect_eq(outcome.loss, (float)(loss / ROUNDS));
    cr_expect_eq(outcome.step, 1);
    rig_read(&rig, "fc1.weight.grad", sum);
    cr_expect_arr_eq(sum, each, sizeof sum, "the gradient is the last round's");
    cpu_backend.scalars_get(rig.store, &rig.scalars);
    cr_expect_eq(rig.scalars.position, ROUNDS * BATCH);
    rig_close(&rig);
}

Test(accumulate, adds_up_in_fp32_what_each_micro_batch_gives_alone)
{
    expect_sums(FORMAT_FP32);
    expect_sums(FORMAT_FP16);
    expect_sums(FORMAT_BF16);
}

static int find(const Rig *rig, const char *name)
{
    int i = 0;

    while (rig->program.instrs[i].out != program_find(&rig->program, name))
        i++;
    return i;
}

Test(accumulate, counts_every_round_of_a_step_and_a_weights_cast_once)
{
    CastCounts counts;
    Rig rig;

    start(&rig, ROUNDS, 1.0f, FORMAT_FP16);
    for (int step = 0; step < 3; step++) {
        rig_run(&rig);
        cr_assert_not(
            failed(cpu_backend.counts_read(rig.plan, find(&rig, "fc1.weight.grad"), &counts)));
        cr_expect_eq(counts.count, ROUNDS * WEIGHTS);
        cr_assert_not(
            failed(cpu_backend.counts_read(rig.plan, find(&rig, "fc1.weight.fp16"), &counts)));
        cr_expect_eq(counts.count, WEIGHTS);
    }
    rig_close(&rig);
}

/* In one round of three, not the last. */
Test(accumulate, an_overflow_in_one_micro_batch_skips_the_whole_step)
{
    StepOutcome outcome;
    Rig rig;

    start(&rig, ROUNDS, 1.0f, FORMAT_FP16);
    inputs[(BATCH + 1) * FEATURES] = 1e30f;
    cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
    rig_collect(&rig, &outcome);
    cr_expect(outcome.skipped);
    cr_expect_eq(outcome.first_instr, find(&rig, "x.fp16"));
    cr_expect_eq(outcome.nonfinite, 1);
    rig_close(&rig);
}

Test(accumulate, in_parts_and_at_once_a_step_is_the_same)
{
    float once[WEIGHTS], parts[WEIGHTS];
    int last;
    Rig rig;

    start(&rig, ROUNDS, 1.0f, FORMAT_FP16);
    rig_run(&rig);
    rig_read(&rig, "fc1.weight.grad.sum", once);
    rig_close(&rig);
    start(&rig, ROUNDS, 1.0f, FORMAT_FP16);
    last = rig.program.instr_count;
    for (int i = 0; i < last; i++)
        cr_assert_not(failed(cpu_backend.plan_run(rig.plan, i, i + 1)));
    rig_read(&rig, "fc1.weight.grad.sum", parts);
    cr_expect_arr_eq(once, parts, sizeof once);
    rig_close(&rig);
}

Test(accumulate, sums_are_kept_in_fp32_and_nothing_else)
{
    Program program = {.batch = 1};
    Builder b = {.program = &program, .phase = PHASE_BACKWARD};
    int64_t shape[] = {3};
    ValueId grad = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, shape, "g");
    ValueId sum = builder_value(&b, ROLE_WEIGHT_GRAD, FORMAT_FP16, 1, shape, "g.sum");
    Status status;

    builder_emit(&b, OP_ACCUMULATE, sum, grad, NO_VALUE, NO_VALUE);
    status = program_verify(&program);
    cr_expect(failed(status));
    cr_expect_str_eq(status.text,
                     "accumulate adds up g.sum in fp16; sums of gradients are kept in fp32");
    program_release(&program);
}
