/* What the phases of a step tell is what they do, whatever mistakes are made on purpose. */
#include "rig.h"

#include "train/phases.h"
#include "train/travel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(phase_told, .init = open_small, .fini = close_all);

/* Goes on up to this phase. Caller releases. */
static PhaseReport go_to(Phase phase)
{
    PhaseReport report;

    must(session_phase(session, &report));
    while (report.phase != phase) {
        cr_assert(session_in_step(session), "no phase %s", phase_names[phase]);
        phase_report_release(&report);
        must(session_phase(session, &report));
    }
    return report;
}

static const Measure *measure(const PhaseReport *report, const char *name, PhaseNumber which)
{
    for (int i = 0; i < report->count; i++)
        if (strcmp(report->rows[i].name, name) == 0)
            return &report->rows[i].numbers[which];
    cr_assert_fail("no row %s", name);
    return NULL;
}

static double number(const PhaseReport *report, const char *name, PhaseNumber which)
{
    cr_assert_not(measure(report, name, which)->none, "%s", name);
    return measure(report, name, which)->value;
}

Test(phase_told, a_step_that_is_taken_with_inf_is_not_called_skipped)
{
    PhaseReport report;

    say_setting("scale dynamic 1099511627776 skip=off");
    report = go_to(PHASE_UNSCALE);
    cr_expect_str_neq(report.found, "");
    cr_expect(report.checks && report.takes_all);
    cr_expect_not(report.skipped);
    phase_report_release(&report);
    report = go_to(PHASE_STEP);
    cr_expect_not(report.skipped);
    cr_expect_gt(number(&report, "fc1.weight", PHASE_MOVED), 0.0);
    phase_report_release(&report);
}

Test(phase_told, a_clip_before_unscale_is_within_that_phase)
{
    PhaseReport report;
    Text listing = {0};

    say_setting("clip norm 0.01 when=before-unscale");
    report = go_to(PHASE_BACKWARD);
    cr_expect_str_eq(report.next, "unscale");
    cr_expect_str_eq(look()->next_phase, "unscale");
    phase_report_release(&report);
    report = go_to(PHASE_UNSCALE);
    cr_expect_str_eq(report.passed, "");
    cr_expect_str_eq(report.next, "step");
    cr_expect(report.clip.norm && report.clip.scaled);
    cr_expect_float_eq(report.clip.after, 0.01, 1e-6);
    cr_expect_float_eq((double)report.clip.coef * report.clip.before, 0.01, 1e-6);
    cr_expect_lt(number(&report, "fc1.weight.grad", PHASE_AFTER), 0.011 / 65536.0);
    phase_report_release(&report);
    cr_expect_str_eq(look()->next_phase, "step");
    session_print_program(session, &listing);
    cr_expect_not_null(strstr(text_chars(&listing), "next: step"), "%s", text_chars(&listing));
    text_release(&listing);
    report = go_to(PHASE_STEP);
    cr_expect_str_eq(report.passed, "", "clip was not passed over");
    phase_report_release(&report);
}

Test(phase_told, inf_is_found_behind_a_clip_that_came_before_unscale)
{
    PhaseReport report;

    say_setting("clip norm 0.01 when=before-unscale");
    say_setting("scale dynamic 1099511627776");
    report = go_to(PHASE_UNSCALE);
    cr_expect_str_neq(report.found, "");
    cr_expect(report.skipped);
    phase_report_release(&report);
}

/* torch.nn.utils.clip_grad_value_ makes inf the largest that is allowed. */
Test(phase_told, inf_that_a_clip_by_value_held_is_not_found)
{
    Injection inf = {.kind = INJECT_INF, .tensor = "fc1.weight.grad"};
    PhaseReport report;
    int64_t step;

    say_setting("clip value 1 when=before-unscale");
    must(session_inject(session, &inf, &step));
    report = go_to(PHASE_UNSCALE);
    cr_expect_eq(number(&report, "fc1.weight.grad", PHASE_NONFINITE), 1.0);
    cr_expect_str_eq(report.found, "");
    cr_expect_not(report.skipped);
    phase_report_release(&report);
    report = go_to(PHASE_STEP);
    cr_expect_not(report.skipped);
    phase_report_release(&report);
    report = go_to(PHASE_UPDATE);
    cr_expect_not(report.skipped, "as it came");
    phase_report_release(&report);
}

Test(phase_told, runs_that_clip_before_and_behind_unscale_go_through_the_same_phases)
{
    PhaseReport report;
    ForkSpec spec = same("b");

    say_setting("clip norm 0.01");
    spec.settings.clip.before_unscale = true;
    (void)fork_run(&spec);
    report = go_to(PHASE_UNSCALE);
    cr_expect_not(report.clip.norm);
    phase_report_release(&report);
    report = go_to(PHASE_CLIP);
    cr_expect(report.clip.norm);
    phase_report_release(&report);
    report = go_to(PHASE_UPDATE);
    phase_report_release(&report);
    cr_expect_eq(seen(0).step, 1);
    cr_expect_eq(seen(1).step, 1);
}

Test(phase_told, a_clip_by_norm_tells_the_norm_before_and_after_and_what_it_multiplies_by)
{
    PhaseReport report;

    say_setting("clip norm 0.01");
    report = go_to(PHASE_CLIP);
    cr_expect_not(report.clip.scaled);
    cr_expect_gt(report.clip.before, 0.011);
    cr_expect_float_eq(report.clip.after, 0.01, 1e-6);
    cr_expect_float_eq(number(&report, "fc1.weight.grad", PHASE_AFTER),
                       number(&report, "fc1.weight.grad", PHASE_BEFORE) * (double)report.clip.coef,
                       1e-6);
    cr_expect(measure(&report, "fc1.weight.grad", PHASE_HELD)->none);
    phase_report_release(&report);
    report = go_to(PHASE_UPDATE);
    phase_report_release(&report);
    cr_expect_gt(look()->grad_norm.value, 0.011);
}

Test(phase_told, a_clip_by_value_tells_how_many_it_held)
{
    PhaseReport report;

    say_setting("clip value 0.0001");
    report = go_to(PHASE_CLIP);
    cr_expect(report.clip.value);
    cr_expect_gt(report.clip.held, 0);
    cr_expect_gt(number(&report, "fc1.weight.grad", PHASE_HELD), 0.0);
    cr_expect_leq(number(&report, "fc1.weight.grad", PHASE_AFTER),
                  0.0001001 * sqrt(number(&report, "fc1.weight.grad", PHASE_VALUES)));
    phase_report_release(&report);
}

Test(phase_told, gradients_that_stay_scaled_are_told_as_they_are_read)
{
    PhaseReport report;

    say_setting("scale static 1024 unscale=off");
    report = go_to(PHASE_UNSCALE);
    cr_expect(report.leaves_scaled);
    cr_expect_eq(number(&report, "fc1.weight.grad", PHASE_AFTER),
                 number(&report, "fc1.weight.grad", PHASE_BEFORE));
    phase_report_release(&report);
}

Test(phase_told, updates_that_are_lost_are_counted_in_the_phase_step)
{
    PhaseReport report;
    Settings settings;
    double lost, facts;

    begin_without_masters(FORMAT_FP16, ROUNDING_NEAREST);
    settings = *session_settings(session);
    settings.optim.lr = 1e-5;
    apply(&settings);
    report = go_to(PHASE_STEP);
    lost = number(&report, "fc1.weight", PHASE_LOST);
    phase_report_release(&report);
    report = go_to(PHASE_UPDATE);
    phase_report_release(&report);
    facts = (double)snapshot_tensor(look(), "fc1.weight")->lost_updates;
    cr_expect_gt(lost, 0.0);
    cr_expect_eq(lost, facts);
}

Test(phase_told, an_overflow_that_is_borne_is_told)
{
    PhaseReport report;

    say_setting("scale dynamic 1099511627776 hysteresis=2");
    report = go_to(PHASE_UPDATE);
    cr_expect(report.borne && report.skipped);
    cr_expect_eq(number(&report, "overflows borne", PHASE_BEFORE), 0.0);
    cr_expect_eq(number(&report, "overflows borne", PHASE_AFTER), 1.0);
    phase_report_release(&report);
    report = go_to(PHASE_UPDATE);
    cr_expect_not(report.borne, "the second backs off");
    phase_report_release(&report);
}

Test(phase_told, of_several_micro_batches_nothing_is_said_of_all_that_is_of_one)
{
    PhaseReport report;

    say_setting("probe off");
    say_setting("accumulate 4");
    report = go_to(PHASE_FORWARD);
    cr_expect_eq(report.rounds, 4);
    cr_expect(measure(&report, "x.fp16", PHASE_UNDERFLOW)->none, "it is not counted");
    phase_report_release(&report);
}
