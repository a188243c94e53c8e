/* A bench measures beside the run that stands, and leaves no trace in it. */
#include "rig.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

TestSuite(bench, .init = open_small, .fini = close_all);

static Status session_bench(Session *of, const BenchSpec *spec, BenchFacts *facts)
{
    Status status;

    TRY(session_bench_begin(of, spec, facts));
    while (!session_bench_ended(of, 0.01, &status))
        ;
    return status;
}

static BenchFacts bench(Format format, ProbeSet probes, int64_t steps)
{
    BenchSpec spec = {format, probes, steps};
    BenchFacts facts = {0};

    must(session_bench(session, &spec, &facts));
    return facts;
}

static void bench_everything(void)
{
    static const Format formats[] = {FORMAT_FP32, FORMAT_TF32, FORMAT_FP16, FORMAT_BF16};

    for (int i = 0; i < 8; i++)
        (void)bench(formats[i / 2], i % 2 == 0 ? PROBE_OFF : PROBE_ON, 7);
}

/* Every loss and norm since the start, and every count of the last step. */
static void expect_same(const Snapshot *a, const Snapshot *b)
{
    cr_assert_eq(a->step, b->step);
    cr_expect_eq(memcmp(&a->history, &b->history, sizeof a->history), 0);
    cr_expect_eq(a->skipped, b->skipped);
    cr_expect_eq(a->scaler.scale, b->scaler.scale);
    cr_expect_eq(a->scaler.tracker, b->scaler.tracker);
    cr_expect_eq(a->grad_norm.value, b->grad_norm.value);
    cr_assert_eq(a->tensor_count, b->tensor_count);
    for (int i = 0; i < a->tensor_count; i++)
        cr_expect_eq(
            memcmp(&a->tensors[i].counts, &b->tensors[i].counts, sizeof a->tensors[i].counts), 0,
            "%s", a->tensors[i].name);
}

Test(bench, between_two_halves_of_a_training_changes_no_bit_of_it)
{
    /* The bench begins in the first epoch, the run goes on in the third: their orders share a place. */
    int64_t half = 2 * session_epoch_steps(session) + 3;
    Snapshot straight = {0};

    train(2 * half);
    session_snapshot(session, &straight);
    must(session_reset(session));
    train(half);
    bench_everything();
    train(half);
    session_snapshot(session, &now);
    expect_same(&straight, &now);
    snapshot_release(&straight);
}

Test(bench, leaves_settings_counts_history_events_and_undo_as_they_are)
{
    Snapshot before = {0};
    Text what = {0};

    train(5);
    must(session_reset(session));
    train(10);
    session_snapshot(session, &before);
    bench_everything();
    expect_same(&before, look());
    cr_expect_eq(memcmp(&before.events, &now.events, sizeof now.events), 0);
    cr_expect_eq(session_history_count(session), 2);
    cr_expect_eq(session_settings(session)->autocast, FORMAT_FP16);
    must(session_undo(session, &what));
    cr_expect_eq(look()->step, 5);
    snapshot_release(&before);
    text_release(&what);
}

Test(bench, times_what_it_was_asked_to_and_counts_the_products)
{
    BenchFacts facts = bench(FORMAT_BF16, PROBE_OFF, 12);

    cr_expect_eq(facts.steps, 12);
    cr_expect_eq(facts.repeats, 5);
    cr_expect_gt(facts.seconds, 0.0);
    cr_expect_eq(facts.batch, 20);
    /* 2, 16, 3: two products forward, two for weights, one for what lies between */
    cr_expect_eq(facts.flops, 2 * 20 * (2 * (2 * 16 + 16 * 3) + 16 * 3));
    facts = bench(FORMAT_BF16, PROBE_OFF, 2);
    cr_expect_eq(facts.steps, 2);
    cr_expect_eq(facts.repeats, 2);
}

Test(bench, tells_the_memory_of_each_format)
{
    BenchFacts fp16 = bench(FORMAT_FP16, PROBE_OFF, 1), fp32 = bench(FORMAT_FP32, PROBE_OFF, 1);
    const int64_t params = 2 * 16 + 16 + 16 * 3 + 3;

    cr_expect(fp16.memory.emulated);
    cr_expect_eq(fp16.memory.held[PART_WEIGHTS], 4 * params);
    cr_expect_eq(fp16.memory.formats[PART_WEIGHTS], 4 * params);
    cr_expect_eq(fp16.memory.formats[PART_OPTIMIZER], 8 * params);
    cr_expect_eq(fp16.memory.formats[PART_GRADS], 2 * params);
    cr_expect_eq(fp16.memory.fp32[PART_GRADS], 4 * params);
    cr_expect_eq(fp32.memory.formats[PART_COPIES], 0);
    cr_expect_gt(fp16.memory.formats[PART_COPIES], 0);
    cr_expect_lt(fp16.memory.formats[PART_ACTIVATIONS], fp32.memory.formats[PART_ACTIVATIONS]);
    cr_expect_arr_eq(fp16.memory.fp32, fp32.memory.formats, sizeof fp32.memory.formats);
}

Test(bench, gives_fp16_the_loss_scale_that_is_set_or_the_usual_one)
{
    Settings wanted = *session_settings(session);

    wanted.scaler.mode = SCALE_STATIC;
    wanted.scaler.start = 1e30f;
    apply(&wanted);
    cr_expect_eq(bench(FORMAT_FP16, PROBE_OFF, 4).skipped, 4);
    cr_expect_eq(bench(FORMAT_BF16, PROBE_OFF, 4).skipped, 0);
    wanted.scaler.mode = SCALE_OFF;
    wanted.optim.lr =
        1e30; /* the weights are infinite after a step, and every later one overflows */
    apply(&wanted);
    cr_expect_eq(bench(FORMAT_FP16, PROBE_OFF, 4).skipped, 4);
    cr_expect_eq(bench(FORMAT_FP32, PROBE_OFF, 4).skipped, 0);
}

Test(bench, refuses_a_format_a_pending_network_and_a_training_under_way)
{
    BenchSpec spec = {FORMAT_E5M2, PROBE_OFF, 1};
    Settings wanted = *session_settings(session);
    Goal endless = {0};
    BenchFacts facts;

    cr_expect_eq(session_bench(session, &spec, &facts).code, STATUS_UNSUPPORTED);
    spec.format = FORMAT_FP32;
    must(session_start(session, &endless));
    cr_expect_eq(session_bench(session, &spec, &facts).code, STATUS_USAGE);
    cr_expect(session_training(session));
    session_pause(session);
    must(net_parse("7 16 3", "relu", &wanted.net));
    apply(&wanted);
    cr_expect(failed(session_bench(session, &spec, &facts)));
}

static void *press_soon(void *unused)
{
    usleep(400000);
    session_interrupt(session);
    return unused;
}

Test(bench, can_be_interrupted_and_leaves_the_run_as_it_was)
{
    BenchSpec spec = {FORMAT_FP32, PROBE_OFF, 1 << 20};
    Snapshot straight = {0};
    BenchFacts facts;
    pthread_t thread;
    Status status;

    train(20);
    session_snapshot(session, &straight);
    must(session_reset(session));
    train(10);
    cr_assert_eq(pthread_create(&thread, NULL, press_soon, NULL), 0);
    status = session_bench(session, &spec, &facts);
    cr_expect_eq(status.code, STATUS_INTERRUPTED);
    cr_expect_not_null(strstr(status.text, "the run is as it was before"), "%s", status.text);
    pthread_join(thread, NULL);
    train(10);
    session_snapshot(session, &now);
    expect_same(&straight, &now);
    snapshot_release(&straight);
}

Test(bench, is_not_needed_to_see_the_memory_of_the_present_plan)
{
    Settings wanted = *session_settings(session);
    int64_t before = look()->memory.formats[PART_ACTIVATIONS];

    cr_expect_gt(now.memory.held[PART_COUNTERS], 0);
    wanted.autocast = FORMAT_FP32;
    wanted.scaler.mode = SCALE_OFF;
    apply(&wanted);
    cr_expect_gt(look()->memory.formats[PART_ACTIVATIONS], before);
    cr_expect_arr_eq(now.memory.formats, now.memory.fp32, sizeof now.memory.fp32);
    wanted.batch *= 2;
    apply(&wanted);
    cr_expect_gt(look()->memory.formats[PART_ACTIVATIONS], 3 * before / 2);
}
