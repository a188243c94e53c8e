/* A training stops at the very step at which a condition turns true, in the run that it was set in. */
#include "rig.h"

#include "train/breakpoint.h"
#include "train/phases.h"
#include "train/tensor_values.h"
#include "train/travel.h"
#include "train/worker.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(breaks, .init = open_small, .fini = close_all);

static bool set(const char *when)
{
    int number;
    bool holds;

    must(session_break(session, when, &number, &holds));
    return holds;
}

static Status try(const char *when)
{
    int number;
    bool holds;

    return session_break(session, when, &number, &holds);
}

static int64_t step_after(int64_t steps)
{
    train(steps);
    return look()->step;
}

static bool told(const char *wanted)
{
    Text news = {0};
    bool any = session_news(session, &news);

    if (wanted != NULL)
        cr_expect_str_eq(text_chars(&news), wanted);
    text_release(&news);
    return any;
}

Test(breaks, stop_at_the_step_and_say_so_and_let_one_go_on)
{
    cr_expect_not(set("step >= 7"));
    cr_expect_eq(step_after(20), 7);
    told("stopped after step 7 by break 1: step >= 7");
    cr_expect_eq(look()->events.events[(now.events.total - 1) % EVENT_COUNT].kind, EVENT_RUN);
    cr_expect_eq(step_after(20), 27);
    cr_expect_not(told(NULL));
}

Test(breaks, stop_only_where_it_turns_true)
{
    train(5);
    cr_expect(set("step < 10 or step >= 12"));
    cr_expect_eq(step_after(20), 12);
    cr_expect_eq(step_after(20), 32);
    set("mod(step, 10) == 0");
    cr_expect_eq(step_after(20), 40);
    cr_expect_eq(step_after(20), 50);
}

Test(breaks, what_a_setting_made_true_is_no_turn)
{
    Settings wanted = *session_settings(session);

    set("lr > 0.5");
    train(2);
    wanted.optim.lr = 0.6;
    apply(&wanted);
    cr_expect_eq(step_after(5), 7);
}

Test(breaks, what_a_setting_made_true_meanwhile_is_no_turn_either)
{
    Settings wanted = *session_settings(session);
    Goal endless = {0};
    int64_t step;

    set("lr > 0.5");
    must(session_start(session, &endless));
    wanted.optim.lr = 0.6;
    must(session_apply(session, &wanted, &step));
    while (look()->step < step + 10 && session_training(session))
        ;
    cr_expect(session_training(session));
    cr_expect_not(told(NULL));
}

Test(breaks, stop_an_endless_training_and_one_with_a_condition_of_its_own)
{
    Goal until = {.until = "step >= 50"}, endless = {0};

    set("step == 9");
    must(session_start(session, &endless));
    while (!session_wait(session, 1.0))
        ;
    cr_expect_eq(look()->step, 9);
    set("step == 20");
    must(session_start(session, &until));
    while (!session_wait(session, 1.0))
        ;
    cr_expect_eq(look()->step, 20);
}

Test(breaks, count_what_they_name_although_probes_are_off)
{
    Settings wanted = *session_settings(session);
    double loss;

    train(3);
    loss = look()->batch_loss.value;
    must(session_reset(session));
    wanted.probes = PROBE_OFF;
    apply(&wanted);
    set("amax(\"fc1.out\") > 1e9");
    train(3);
    cr_expect_eq(look()->batch_loss.value, loss);
    cr_expect(snapshot_tensor(&now, "fc1.out")->probed);
    cr_expect_not(snapshot_tensor(&now, "fc2.out")->probed);
    must(session_reset(session));
    train(2);
    cr_expect(snapshot_tensor(look(), "fc1.out")->probed);
    must(session_break_clear(session, 1));
    train(1);
    cr_expect_not(snapshot_tensor(look(), "fc1.out")->probed);
}

Test(breaks, a_weight_is_counted_where_it_is_cast)
{
    Settings wanted = *session_settings(session);

    wanted.probes = PROBE_OFF;
    apply(&wanted);
    set("nonfinite(\"fc1.weight\") > 0");
    train(1);
    cr_expect(snapshot_tensor(look(), "fc1.weight")->probed);
    cr_expect_not(snapshot_tensor(&now, "fc2.weight")->probed);
}

Test(breaks, are_refused_where_they_cannot_be_asked)
{
    train(1);
    cr_expect(failed(try("skippd > 3")));
    cr_expect(failed(try("nonfinite(\"fc9.out\") > 0")));
    cr_expect(failed(try("loss")));
    cr_expect(failed(try("")));
    cr_expect(failed(session_break_clear(session, 1)));
    for (int i = 0; i < BREAKS_MOST; i++)
        set("step == 1000");
    cr_expect(failed(try("step == 1000")));
    must(session_break_clear(session, 0));
    set("step == 1000");
}

Test(breaks, a_tensor_that_is_gone_is_told_of_by_its_number)
{
    Settings wanted = *session_settings(session);
    Goal goal = {.steps = 1};
    Status status;

    set("step > 1000");
    set("amax(\"tanh1.out\") > 1e9");
    must(net_parse("2 2", "tanh", &wanted.net));
    apply(&wanted);
    status = session_start(session, &goal);
    cr_expect_eq(status.code, STATUS_USAGE);
    cr_expect(text_starts(status.text, "break 2: there is no tensor 'tanh1.out'"), "%s",
              status.text);
    must(session_break_clear(session, 2));
    train(1);
}

Test(breaks, watch_the_run_they_were_set_in_and_stop_all)
{
    Text list = {0};
    bool kept;

    fork_bf16();
    must(session_use(session, 1));
    set("scale == 1 and step >= 4");
    must(session_use(session, 0));
    set("scale == 1 and step >= 2");
    train(10);
    cr_expect_eq(seen(0).step, 4);
    cr_expect_eq(seen(1).step, 4);
    told("stopped after step 4 by break 1: b: scale == 1 and step >= 4");
    session_break_list(session, &list);
    cr_expect_str_eq(text_chars(&list),
                     "1\tb\tscale == 1 and step >= 4\n2\ta\tscale == 1 and step >= 2\n");
    text_release(&list);
    must(session_drop(session, 1, &kept)); /* nobody is watched by it now */
    train(10);
    cr_expect_eq(seen(0).step, 14);
}

static void go_to(int64_t step)
{
    Travel back = {.kind = TRAVEL_STEP, .steps = step};
    Status status;

    must(session_travel_begin(session, &back));
    while (!session_travel_ended(session, 1.0, &status))
        ;
    must(status);
}

Test(breaks, are_asked_anew_behind_a_journey)
{
    set("step >= 7");
    train(20);
    go_to(2);
    cr_expect_eq(step_after(20), 7);
}

static void take_phases(int most)
{
    PhaseReport report;

    for (int i = 0; i < most && (i == 0 || session_in_step(session)); i++) {
        must(session_phase(session, &report));
        phase_report_release(&report);
    }
}

static void begin_until(const char *until)
{
    Goal goal = {.until = until};

    must(session_start(session, &goal));
    for (int i = 0; i < 20 && !session_wait(session, 0.1); i++)
        ;
    session_pause(session);
    must(session_result(session));
}

Test(breaks, are_asked_of_a_step_that_was_taken_phase_by_phase)
{
    set("step == 3");
    train(2);
    take_phases(PHASE_COUNT);
    cr_expect_eq(look()->step, 3);
    told("stopped after step 3 by break 1: step == 3");
    cr_expect_eq(step_after(3), 6);
}

Test(breaks, stand_in_the_script_where_a_step_of_phases_turned_them_true)
{
    Text script = {0};

    set("step == 3");
    train(2);
    take_phases(PHASE_COUNT);
    train(3);
    must(session_break_clear(session, 1));
    must(journal_print(&session->journal, &script));
    cr_expect_not_null(strstr(text_chars(&script), "train 3\ntrain 3\nbreak clear"), "%s",
                       text_chars(&script));
    text_release(&script);
}

Test(breaks, stop_a_training_at_its_first_step_of_which_phases_were_taken_before)
{
    set("step == 3");
    train(2);
    take_phases(2);
    cr_expect_eq(step_after(3), 3);
    told("stopped after step 3 by break 1: step == 3");
    cr_expect_eq(session_progress(session).done, 1);
    cr_expect_eq(step_after(3), 6);
}

Test(breaks, what_holds_within_a_step_of_phases_is_a_turn_at_its_end)
{
    train(2);
    set("amax(\"fc1.out\") > 0 and step == 3");
    take_phases(3);
    cr_expect_eq(step_after(3), 3);
}

Test(breaks, a_condition_of_a_training_is_asked_of_the_step_that_was_under_way)
{
    train(2);
    take_phases(2);
    begin_until("step == 3");
    cr_expect_eq(look()->step, 3);
    cr_expect_eq(session_history(session, session_history_count(session) - 1)->last_step, 3);
}

Test(breaks, that_cannot_be_asked_end_a_training_behind_the_step_that_was_under_way)
{
    Goal goal = {.until = "amax(step < 3 and \"fc1.out\" or \"nothing\") > 1e9"};

    train(1);
    take_phases(2);
    must(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        ;
    cr_expect(failed(session_result(session)));
    cr_expect_eq(look()->step, 3);
    take_phases(2);
    cr_expect(failed(session_start(session, &goal)));
    cr_expect_eq(look()->step, 4);
    cr_expect_not(session_in_step(session));
    train(1);
}

static void undo(void)
{
    Text what = {0};

    must(session_undo(session, &what));
    text_release(&what);
}

static void probe_off(void)
{
    Settings wanted = *session_settings(session);

    wanted.probes = PROBE_OFF;
    apply(&wanted);
}

static double largest(const char *name)
{
    const TensorFacts *tensor = snapshot_tensor(look(), name);

    return tensor->probed && tensor->counts.count > 0 ? (double)tensor->counts.amax : -1.0;
}

Test(breaks, what_they_count_is_known_behind_a_journey)
{
    TensorValues values;
    double then;

    probe_off();
    set("amax(\"fc1.out\") > 1e9");
    train(3);
    then = largest("fc1.out");
    train(2);
    go_to(3);
    cr_expect_eq(largest("fc1.out"), then);
    cr_expect_gt(then, 0.0);
    must(session_tensor_values(session, "fc2.weight.grad", &values));
    tensor_values_release(&values);
}

Test(breaks, what_they_count_is_known_where_a_run_was_brought_back)
{
    double then;

    probe_off();
    set("amax(\"fc1.out\") > 1e9");
    train(3);
    then = largest("fc1.out");
    must(session_reset(session));
    cr_expect_lt(largest("fc1.out"), 0.0);
    undo();
    cr_expect_eq(largest("fc1.out"), then);
    cr_expect_gt(then, 0.0);
}

Test(breaks, that_are_set_or_cleared_leave_what_is_known_of_the_last_step)
{
    TensorValues values;
    double then;

    probe_off();
    train(2);
    set("amax(\"fc1.out\") > 1e9");
    must(session_tensor_values(session, "fc1.out", &values));
    tensor_values_release(&values);
    train(1);
    then = largest("fc1.out");
    must(session_break_clear(session, 1));
    cr_expect_eq(largest("fc1.out"), then);
    cr_expect_gt(then, 0.0);
    train(1);
    cr_expect_lt(largest("fc1.out"), 0.0);
}

Test(breaks, of_a_training_under_way_count_from_its_next_step_on)
{
    Goal endless = {0};

    probe_off();
    must(session_start(session, &endless));
    set("amax(\"fc1.out\") > 1e-9");
    for (int i = 0; i < 20 && !session_wait(session, 0.1); i++)
        ;
    session_pause(session);
    cr_expect_gt(largest("fc1.out"), 0.0);
}
