/* Which copies of the past are kept, and that what is left of them leads to every step. */
#include "rig.h"

#include "train/travel.h"
#include "train/worker.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(timeline, .init = open_small, .fini = close_all);

static Status keep_job(Session *from, void *unused)
{
    (void)unused;
    return timeline_keep(from);
}

/* As if a second had passed after every step. */
static void train_and_keep(int steps)
{
    for (int i = 0; i < steps; i++) {
        train(1);
        must(worker_ask(session, keep_job, NULL));
    }
}

static Status travel(TravelKind kind, int64_t steps)
{
    Travel wanted = {.kind = kind, .steps = steps};
    Status status;

    must(session_travel_begin(session, &wanted));
    while (!session_travel_ended(session, 1.0, &status))
        ;
    return status;
}

static void expect_same_loss_at(int64_t step, double loss)
{
    must(travel(TRAVEL_STEP, step));
    cr_expect_eq(look()->step, step);
    cr_expect_eq(look()->batch_loss.value, loss, "step %lld", (long long)step);
}

Test(timeline, copies_thin_out_with_their_age_and_lead_to_every_step)
{
    const Timeline *timeline = &session->timeline;
    double losses[401];

    for (int i = 1; i <= 400; i++) {
        train_and_keep(1);
        losses[i] = look()->batch_loss.value;
    }
    cr_expect_eq(timeline->moment_count, MOMENTS_MOST);
    cr_expect_eq(timeline->moments[0].at.step, 0);
    cr_expect_eq(timeline->moments[MOMENTS_MOST - 1].at.step, 400);
    for (size_t i = 1; i + 1 < timeline->moment_count; i++) {
        int64_t gap = timeline->moments[i + 1].at.step - timeline->moments[i].at.step;
        int64_t age = 400 - timeline->moments[i].at.step;

        cr_expect(gap <= 2 + age / 3, "%lld behind step %lld", (long long)gap,
                  (long long)timeline->moments[i].at.step);
    }
    for (int64_t step = 400; step > 0; step -= 29)
        expect_same_loss_at(step, losses[step]);
}

Test(timeline, what_all_copies_hold_stays_within_its_bound)
{
    Timeline *timeline = &session->timeline;
    double loss;

    train_and_keep(5);
    loss = look()->batch_loss.value;
    timeline->room = timeline->bytes + timeline->bytes / 2;
    for (int i = 0; i < 30; i++) {
        train_and_keep(1);
        cr_assert_leq(timeline->bytes, timeline->room);
    }
    cr_expect_gt(timeline->moment_count, 5);
    expect_same_loss_at(5, loss);
}

Test(timeline, where_only_one_copy_has_room_the_way_back_ends_there)
{
    Timeline *timeline = &session->timeline;
    Status status;

    train_and_keep(3);
    timeline->room = timeline->moments[3].bytes * 3 / 2;
    train_and_keep(2);
    cr_expect_eq(timeline->moment_count, 1);
    cr_expect_eq(timeline->moments[0].at.step, 5);
    status = travel(TRAVEL_BACK, 1);
    cr_expect_eq(status.code, STATUS_USAGE);
    train(4);
    must(travel(TRAVEL_BACK, 4));
    cr_expect_eq(look()->step, 5);
}

Test(timeline, where_no_copy_has_room_training_goes_on_and_there_is_no_way_back)
{
    int64_t step;

    session->timeline.room = 1000;
    train(3);
    cr_expect_eq(session->timeline.moment_count, 0);
    cr_expect_eq(travel(TRAVEL_BACK, 1).code, STATUS_USAGE);
    cr_expect_eq(session_mark(session, "m", &step).code, STATUS_USAGE);
    cr_expect_eq(look()->step, 3);
}

Test(timeline, changes_are_bounded_too)
{
    Timeline *timeline = &session->timeline;
    Settings wanted = *session_settings(session);

    train(3);
    timeline->room = timeline->bytes + 100000;
    for (int i = 0; i < 200; i++) {
        wanted.optim.lr = 0.001 + 0.0001 * i;
        apply(&wanted);
        train(1);
        cr_assert_leq(timeline->bytes, timeline->room);
    }
    cr_expect_eq(look()->step, 203);
}

Test(timeline, copies_are_a_second_apart_and_take_a_four_hundredth_of_the_time)
{
    Session other = {.timeline = {.moment_count = 0}};

    cr_expect_not(timeline_due(&other, 1000.0));
    other.timeline = (Timeline){.moment_count = 1, .taken = 100.0, .seconds = 0.001};
    cr_expect_not(timeline_due(&other, 100.9));
    cr_expect(timeline_due(&other, 101.1));
    other.timeline.seconds = 0.01;
    cr_expect_not(timeline_due(&other, 103.9));
    cr_expect(timeline_due(&other, 104.1));
}

Test(timeline, an_interrupted_journey_changes_nothing)
{
    Travel wanted = {.kind = TRAVEL_STEP, .steps = 3000};
    Status status;

    train(4000);
    must(session_travel_begin(session, &wanted));
    session_interrupt(session);
    while (!session_travel_ended(session, 1.0, &status))
        ;
    cr_expect_eq(status.code, STATUS_INTERRUPTED);
    cr_expect_eq(look()->step, 4000);
    must(travel(TRAVEL_BACK, 1));
    train(1);
    cr_expect_eq(look()->step, 4000);
}

Test(timeline, a_new_scaler_has_borne_as_many_overflows_as_it_had_then)
{
    Settings wanted = *session_settings(session);
    ScalerFacts then;

    wanted.scaler.mode = SCALE_DYNAMIC;
    wanted.scaler.start = 0x1p40F;
    wanted.scaler.hysteresis = 3;
    apply(&wanted);
    train(2);
    must(session_restart_scaler(session));
    cr_expect_eq(look()->scaler.spent, 0);
    train(3);
    then = look()->scaler;
    must(travel(TRAVEL_STEP, 2));
    cr_expect_eq(look()->scaler.spent, 0);
    must(travel(TRAVEL_FORWARD, 0));
    cr_expect_eq(look()->scaler.spent, then.spent);
    cr_expect_eq(now.scaler.scale, then.scale);
}

Test(timeline, no_more_overflows_are_borne_than_the_rules_bear)
{
    Settings wanted = *session_settings(session);

    wanted.scaler.mode = SCALE_DYNAMIC;
    wanted.scaler.start = 0x1p60F;
    wanted.scaler.hysteresis = 9;
    apply(&wanted);
    train(6);
    cr_expect_eq(look()->scaler.spent, 6);
    wanted.scaler.hysteresis = 2;
    apply(&wanted);
    cr_expect_eq(look()->scaler.spent, 1);
    train(1);
    cr_expect_eq(look()->scaler.scale, 0x1p59F);
}
