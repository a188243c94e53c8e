/* A step taken phase by phase: the bits of a whole one, and nothing left of one that is dropped. */
#include "rig.h"

#include "train/phases.h"
#include "train/tensor_values.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

TestSuite(phases, .init = open_small, .fini = close_all);

/* Goes on through so many phases, and says which came last. */
static const char *go(int phases)
{
    const char *name = NULL;
    PhaseReport report;

    for (int i = 0; i < phases; i++) {
        must(session_phase(session, &report));
        name = report.name;
        phase_report_release(&report);
    }
    return name;
}

static void finish(void)
{
    while (session_in_step(session))
        (void)go(1);
}

static void apply_scale(float start)
{
    Settings settings = *session_settings(session);

    settings.scaler.mode = SCALE_DYNAMIC;
    settings.scaler.start = start;
    apply(&settings);
}

static void apply_batch(void)
{
    Settings settings = *session_settings(session);

    settings.batch = settings.batch * session_epoch_steps(session) * 2 / 7;
    apply(&settings);
}

Test(phases, a_run_of_phases_has_the_bits_of_one_of_steps)
{
    Snapshot whole, phased;

    apply_batch();        /* an epoch is three steps and a bit */
    apply_scale(0x1p40F); /* the first steps are skipped */
    fork_bf16();
    train(30);
    whole = seen(0);
    must(session_reset(session));
    for (int i = 0; i < 10; i++) {
        (void)go(3 + i % 3);
        must(session_phase_drop(session));
        (void)go(1);
        finish();
        (void)go(i % 6 + 1);
        train(2); /* of which one is under way */
    }
    phased = seen(0);
    cr_expect_eq(phased.step, 30);
    cr_expect_gt(phased.skipped, 0);
    cr_expect_eq(phased.skipped, whole.skipped);
    cr_expect_eq(phased.scaler.scale, whole.scaler.scale);
    expect_same_losses(&whole, &phased);
}

Test(phases, come_in_order_and_pass_over_those_without_an_instruction)
{
    static const char *const wanted[] = {"cast",    "forward", "loss",  "backward",
                                         "unscale", "step",    "update"};
    PhaseReport report;

    for (int i = 0; i < 7; i++) {
        must(session_phase(session, &report));
        cr_expect_str_eq(report.name, wanted[i]);
        cr_expect_str_eq(report.passed, i == 5 ? "clip" : "");
        cr_expect_eq(report.step, 1);
        cr_expect_eq(report.next == NULL, i == 6);
        phase_report_release(&report);
    }
    cr_expect_not(session_in_step(session));
    cr_expect_eq(look()->step, 1);
}

static float first_of(const char *name)
{
    TensorValues values;
    float first;

    must(session_tensor_values(session, name, &values));
    first = values.stored[0];
    tensor_values_release(&values);
    return first;
}

Test(phases, values_of_now_are_seen_in_between)
{
    TensorValues values;
    float before;

    (void)go(2);
    (void)first_of("fc1.out");
    cr_expect_eq(session_tensor_values(session, "fc1.weight.grad", &values).code, STATUS_USAGE);
    tensor_values_release(&values);
    cr_expect_str_eq(look()->next_phase, "loss");
    before = first_of("fc1.weight");
    (void)go(3);
    cr_expect_eq(first_of("fc1.weight"), before);
    (void)go(1);
    cr_expect_neq(first_of("fc1.weight"), before);
    cr_expect_eq(look()->step, 0, "until the last phase has run");
}

static int64_t counted(const char *name)
{
    return snapshot_tensor(look(), name)->counts.count;
}

Test(phases, counts_of_now_are_seen_in_between)
{
    Settings settings = *session_settings(session);

    settings.probes = PROBE_ON;
    apply(&settings);
    (void)go(2);
    cr_expect_gt(counted("fc1.out"), 0);
    cr_expect_eq(counted("fc1.weight.grad"), 0);
    (void)go(2);
    cr_expect_gt(counted("fc1.weight.grad"), 0);
    must(session_phase_drop(session));
    cr_expect_eq(counted("fc1.weight.grad"), 0, "what was dropped was never counted");
}

Test(phases, a_dropped_step_leaves_no_trace)
{
    Snapshot before, after;

    train(3);
    before = *look();
    (void)go(5);
    must(session_phase_drop(session));
    after = *look();
    cr_expect_eq(after.step, before.step);
    cr_expect_eq(after.scaler.tracker, before.scaler.tracker);
    cr_expect_str_eq(after.next_phase, "");
    cr_expect_eq(session_phase_drop(session).code, STATUS_USAGE);
    (void)go(6);
    cr_expect_eq(session_phase_drop(session).code, STATUS_USAGE, "weights have moved");
    must(session_leave_step(session));
    cr_expect_eq(look()->step, 4, "then leaving finishes it");
    (void)go(3);
    must(session_leave_step(session));
    cr_expect_eq(look()->step, 4, "and else drops it");
}

Test(phases, what_needs_a_step_boundary_is_refused_in_between)
{
    Settings settings = *session_settings(session);
    ForkSpec spec = same("b");
    int64_t step;
    Text what = {0};

    train(1);
    (void)go(1);
    settings.optim.lr = 0.5;
    cr_expect_eq(session_apply(session, &settings, &step).code, STATUS_USAGE);
    cr_expect_eq(session_set_scale(session, 4.0F, &step).code, STATUS_USAGE);
    cr_expect_eq(session_restart_scaler(session).code, STATUS_USAGE);
    cr_expect_eq(session_reset(session).code, STATUS_USAGE);
    cr_expect_eq(session_undo(session, &what).code, STATUS_USAGE);
    cr_expect_eq(session_fork(session, &spec, &step).code, STATUS_USAGE);
    cr_expect_eq(session_switch(session, "cpu", &step).code, STATUS_USAGE);
    cr_expect_eq(session_save(session, "/nowhere/x.safetensors", &step).code, STATUS_USAGE);
    cr_expect_not_null(strstr(session_reset(session).text, "a step is under way"));
    finish();
    cr_expect_eq(look()->step, 2);
    must(session_reset(session));
}

Test(phases, a_training_takes_the_rest_of_the_step_first)
{
    Goal goal = {.until = "step >= 1"};

    (void)go(2);
    train(1);
    cr_expect_eq(look()->step, 1);
    (void)go(6);
    train(3);
    cr_expect_eq(look()->step, 4);
    cr_expect_eq(session_history(session, 1)->first_step, 2);
    (void)go(1);
    must(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        ;
    cr_expect_eq(look()->step, 5, "an expression is asked of that step too");
}

static atomic_bool pressing;

static void *press(void *nothing)
{
    while (atomic_load(&pressing))
        session_interrupt(session);
    return nothing;
}

Test(phases, an_interrupted_phase_drops_the_step)
{
    PhaseReport report;
    pthread_t presser;
    Status status = ok();

    train(2);
    (void)go(3);
    atomic_store(&pressing, true);
    pthread_create(&presser, NULL, press, NULL);
    for (int i = 0; i < 1000000 && !failed(status); i++) {
        status = session_phase(session, &report);
        phase_report_release(&report);
    }
    atomic_store(&pressing, false);
    pthread_join(presser, NULL);
    cr_expect_eq(status.code, STATUS_INTERRUPTED);
    cr_expect_not_null(strstr(status.text, "left no trace"));
    cr_expect_not(session_in_step(session));
    train(1);
}

static double number_of(const PhaseReport *report, const char *name, PhaseNumber number)
{
    const PhaseRow *row = NULL;

    for (int i = 0; i < report->count; i++)
        if (strcmp(report->rows[i].name, name) == 0)
            row = &report->rows[i];
    cr_assert_not_null(row, "%s", name);
    cr_assert_not(row->numbers[number].none, "%s", name);
    return row->numbers[number].value;
}

Test(phases, the_reports_hold_together)
{
    double found = 0.0, loss = 0.0;
    PhaseReport report;

    do {
        must(session_phase(session, &report));
        if (report.phase == PHASE_LOSS)
            loss = number_of(&report, "loss", PHASE_MOST);
        if (report.phase == PHASE_LOSS)
            cr_expect_float_eq(number_of(&report, "loss.scaled", PHASE_MOST), loss * 65536.0, 1.0);
        if (report.phase == PHASE_UNSCALE)
            cr_expect_eq(number_of(&report, "fc1.weight.grad", PHASE_BEFORE),
                         number_of(&report, "fc1.weight.grad", PHASE_AFTER) * 65536.0);
        if (report.phase == PHASE_STEP)
            found = number_of(&report, "fc1.weight", PHASE_MOVED);
        if (report.phase == PHASE_UPDATE)
            cr_expect_eq(number_of(&report, "growth tracker", PHASE_AFTER), 1.0);
        phase_report_release(&report);
    } while (session_in_step(session));
    cr_expect_gt(found, 0.9);
    cr_expect_float_eq(look()->batch_loss.value, loss, 1e-12);
}

Test(phases, a_step_to_be_skipped_says_so_before_its_end)
{
    PhaseReport report;
    bool skipped[PHASE_COUNT] = {false};

    apply_scale(0x1p60F);
    do {
        must(session_phase(session, &report));
        skipped[report.phase] = report.skipped;
        if (report.phase == PHASE_STEP)
            cr_expect_eq(number_of(&report, "fc1.weight", PHASE_MOVED), 0.0);
        phase_report_release(&report);
    } while (session_in_step(session));
    cr_expect_not(skipped[PHASE_BACKWARD]);
    cr_expect(skipped[PHASE_UNSCALE] && skipped[PHASE_STEP] && skipped[PHASE_UPDATE]);
    cr_expect_eq(look()->skipped, 1);
}
