#include "train/timeline.h"

#include "base/memory.h"
#include "train/travel.h"
#include "train/worker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double least_apart = 1.0;   /* seconds */
static const double most_share = 0.0025; /* of the time goes into copies */

static int64_t turn_bytes(const Turn *turn)
{
    int64_t bytes = 0;

    for (int i = 0; i < turn->count; i++)
        bytes += (int64_t)sizeof *turn->of +
                 turn->of[i].event_count * (int64_t)sizeof *turn->of[i].events;
    return bytes;
}

static void forget_turn(Timeline *timeline, Turn *turn)
{
    timeline->bytes -= turn_bytes(turn);
    for (int i = 0; i < turn->count; i++)
        free(turn->of[i].events);
    free(turn->of);
    turn->of = NULL;
    turn->count = 0;
}

static void forget_moment(Timeline *timeline, size_t i)
{
    Moment *moment = &timeline->moments[i];

    for (int run = 0; run < moment->count; run++)
        checkpoint_free(moment->all[run]);
    timeline->bytes -= moment->bytes;
    timeline->moment_count--;
    memmove(moment, moment + 1, (timeline->moment_count - i) * sizeof *moment);
}

void timeline_begin(Timeline *timeline, const char *before)
{
    while (timeline->moment_count > 0)
        forget_moment(timeline, timeline->moment_count - 1);
    for (size_t i = 0; i < timeline->turn_count; i++)
        forget_turn(timeline, &timeline->turns[i]);
    free(timeline->moments);
    free(timeline->turns);
    *timeline =
        (Timeline){.before = before, .room = timeline->room > 0 ? timeline->room : TRAVEL_BYTES};
}

Point timeline_now(const Session *session)
{
    return (Point){runs_used(session)->facts.step, session->timeline.turn};
}

static bool is_behind(Point a, Point b)
{
    return a.step > b.step || a.turn > b.turn;
}

void timeline_cut(Session *session)
{
    Timeline *timeline = &session->timeline;
    Point now = timeline_now(session);
    int kept = 0;

    if (!timeline->back)
        return;
    while (timeline->moment_count > 0 &&
           is_behind(timeline->moments[timeline->moment_count - 1].at, now))
        forget_moment(timeline, timeline->moment_count - 1);
    while (timeline->turn_count > timeline->turn)
        forget_turn(timeline, &timeline->turns[--timeline->turn_count]);
    for (int i = 0; i < timeline->mark_count; i++)
        if (!is_behind(timeline->marks[i].at, now))
            timeline->marks[kept++] = timeline->marks[i];
    timeline->mark_count = kept;
    timeline->back = false;
}

/* What the copies of a run hold, and what the log says of it. */
static int64_t checkpoint_bytes(const Experiment *run, const Checkpoint *copy)
{
    int64_t bytes = (int64_t)sizeof *copy;

    bytes += copy->facts.heat.count * (int64_t)sizeof *copy->facts.heat.tensors;
    bytes += run->program.instr_count * (int64_t)sizeof *copy->counts;
    for (int i = 0; i < copy->array_count; i++)
        bytes += kept_count(&copy->arrays[i]) * (int64_t)sizeof(float) *
                 (copy->arrays[i].start == NULL ? 1 : 2);
    return bytes;
}

/* The numbers alone, before they are copied. */
static int64_t least_bytes(const Session *session)
{
    int64_t bytes = 0;

    for (int i = 0; i < session->runs.count; i++) {
        const Program *program = &session->runs.all[i]->program;

        for (int v = 0; v < program->value_count; v++)
            if (value_lasts(&program->values[v]))
                bytes += value_count(&program->values[v]) * (int64_t)sizeof(float);
    }
    return bytes;
}

static void note_logs(Session *session)
{
    for (int i = 0; i < session->runs.count; i++)
        session->timeline.logged[i] = session->runs.all[i]->facts.events.total;
}

/* The younger the copies, the closer they stand: the gap that one would leave, by its age. */
static double gap_without(const Timeline *timeline, size_t i)
{
    const Moment *moments = timeline->moments;
    double newest = (double)moments[timeline->moment_count - 1].at.step;

    return (double)(moments[i + 1].at.step - moments[i - 1].at.step) /
           (newest - (double)moments[i].at.step + 1.0);
}

/* The first one where there is no other: then the past is shorter. */
static size_t most_dispensable(const Timeline *timeline)
{
    double least = (double)INFINITY;
    size_t found = 0;

    for (size_t i = 1; i + 1 < timeline->moment_count; i++) {
        double gap = gap_without(timeline, i);

        if (timeline->moments[i].regrouped || gap >= least)
            continue;
        least = gap;
        found = i;
    }
    return found;
}

/* Changes before the first copy serve nothing. */
static void forget_first(Timeline *timeline)
{
    forget_moment(timeline, 0);
    timeline->before = "where the oldest copy is that still has room";
    for (size_t i = 0; timeline->moment_count > 0 && i < timeline->moments[0].at.turn; i++)
        forget_turn(timeline, &timeline->turns[i]);
}

static void thin_out(Timeline *timeline)
{
    while (timeline->moment_count > 1 &&
           (timeline->bytes > timeline->room || timeline->moment_count > MOMENTS_MOST)) {
        size_t i = most_dispensable(timeline);

        if (i == 0)
            forget_first(timeline);
        else
            forget_moment(timeline, i);
    }
    if (timeline->bytes > timeline->room)
        timeline_begin(timeline, "where a copy of the runs still had room");
}

static Status take(Session *session, bool regrouped)
{
    Timeline *timeline = &session->timeline;
    double begun = clock_seconds();
    Moment *made;
    KeptRuns kept;

    TRY(runs_take(session, &kept));
    timeline->moments = grow(timeline->moments, timeline->moment_count, &timeline->moment_room,
                             sizeof *timeline->moments);
    made = &timeline->moments[timeline->moment_count++];
    *made = (Moment){.at = timeline_now(session),
                     .count = kept.count,
                     .used = kept.used,
                     .regrouped = regrouped};
    memcpy(made->first, kept.differences.first, sizeof made->first);
    for (int i = 0; i < kept.count; i++) {
        checkpoint_lighten(kept.all[i]);
        made->all[i] = kept.all[i];
        made->bytes += checkpoint_bytes(session->runs.all[i], kept.all[i]);
    }
    timeline->bytes += made->bytes;
    timeline->taken = clock_seconds();
    timeline->seconds = timeline->taken - begun;
    thin_out(timeline);
    return ok();
}

Status timeline_start(Session *session)
{
    Timeline *timeline = &session->timeline;

    timeline_cut(session);
    if (timeline->moment_count > 0)
        return ok();
    if (least_bytes(session) > timeline->room) {
        timeline_begin(timeline, "where it is: a copy of it is more than is kept");
        return ok();
    }
    note_logs(session);
    return take(session, false);
}

bool timeline_due(const Session *session, double now)
{
    const Timeline *timeline = &session->timeline;

    return timeline->moment_count > 0 &&
           now - timeline->taken >= fmax(least_apart, timeline->seconds / most_share);
}

Status timeline_keep(Session *session)
{
    return take(session, false);
}

/* What a change said; skips and growths say themselves again. */
static void take_events(const EventLog *log, int64_t logged, TurnOf *of)
{
    int held = events_held(log);
    int64_t fresh = log->total - logged;

    of->events = xcalloc((size_t)held + 1, sizeof *of->events);
    for (int i = fresh < held ? held - (int)fresh : 0; i < held; i++) {
        const Event *event = events_get(log, i);

        if (event->kind == EVENT_SETTING || event->kind == EVENT_RUN)
            of->events[of->event_count++] = *event;
    }
    of->events = xresize(of->events, (size_t)of->event_count + 1, sizeof *of->events);
}

static void note_run(const Experiment *run, int64_t logged, TurnOf *of)
{
    *of = (TurnOf){
        .settings = run->settings,
        .scale = run->facts.scaler.scale,
        .tracker = run->facts.scaler.tracker,
        .spent = run->facts.scaler.spent,
        .accuracy = run->facts.accuracy,
        .accuracy_step = run->facts.accuracy_step,
        .injections = run->injections,
    };
    take_events(&run->facts.events, logged, of);
}

void timeline_turn(Session *session)
{
    Timeline *timeline = &session->timeline;
    const Runs *runs = &session->runs;
    Turn *turn;

    if (timeline->moment_count == 0)
        return;
    timeline_cut(session);
    timeline->turns =
        grow(timeline->turns, timeline->turn_count, &timeline->turn_room, sizeof *timeline->turns);
    turn = &timeline->turns[timeline->turn_count++];
    *turn = (Turn){.step = runs_used(session)->facts.step, .count = runs->count};
    turn->of = xcalloc((size_t)runs->count, sizeof *turn->of);
    for (int i = 0; i < runs->count; i++)
        note_run(runs->all[i], timeline->logged[i], &turn->of[i]);
    timeline->turn = timeline->turn_count;
    timeline->bytes += turn_bytes(turn);
    note_logs(session);
    thin_out(timeline);
}

void timeline_name_marks(const Timeline *timeline, Snapshot *facts)
{
    facts->mark_count = timeline->mark_count;
    for (int i = 0; i < timeline->mark_count; i++)
        text_copy(facts->marks[i], RUN_NAME, timeline->marks[i].name);
}

void timeline_measured(Session *session)
{
    if (!session->timeline.back)
        timeline_turn(session);
}

/* Copies of the runs before would not come to those behind by steps and settings. */
void timeline_regroup(Session *session)
{
    Timeline *timeline = &session->timeline;

    if (timeline->moment_count == 0)
        return;
    timeline_cut(session);
    note_logs(session);
    if (failed(take(session, true)))
        timeline_begin(timeline, "where the device was lost");
}
