/* Going to another step of the same runs: from the copy before it, by the same steps and changes. */
#include "train/travel.h"
#include "train/worker.h"

#include <string.h>

static Point end_of(const Session *session)
{
    const Timeline *timeline = &session->timeline;

    if (!timeline->back)
        return timeline_now(session);
    return (Point){timeline->ahead, timeline->turn_count};
}

/* When the step behind it began. */
static Point at_step(const Timeline *timeline, int64_t step)
{
    size_t turn = timeline->turn_count;

    while (turn > 0 && timeline->turns[turn - 1].step > step)
        turn--;
    return (Point){step, turn};
}

static Status find_mark(const Timeline *timeline, const char *name, Point *to)
{
    Text list = {0};
    Status status;

    for (int i = 0; i < timeline->mark_count; i++) {
        if (strcmp(timeline->marks[i].name, name) == 0) {
            *to = timeline->marks[i].at;
            return ok();
        }
        text_printf(&list, "%s%s", i == 0 ? "" : ", ", timeline->marks[i].name);
    }
    if (timeline->mark_count > 0)
        status = fail(STATUS_USAGE, "there is no mark '%.20s'; there is %.120s", name,
                      text_chars(&list));
    else
        status = fail(STATUS_USAGE, "there is no mark '%.20s', nor any other; mark NAME makes one",
                      name);
    text_release(&list);
    return status;
}

static Status find_point(const Session *session, const Travel *travel, Point *to)
{
    const Timeline *timeline = &session->timeline;
    Point now = timeline_now(session);

    if (travel->kind == TRAVEL_MARK)
        return find_mark(timeline, travel->mark, to);
    if (travel->kind == TRAVEL_FORWARD && !timeline->back)
        return fail(STATUS_USAGE, "nothing lies ahead: step %lld is the last that was taken",
                    (long long)now.step);
    if (travel->kind == TRAVEL_FORWARD)
        *to = end_of(session);
    else
        *to = at_step(timeline,
                      travel->kind == TRAVEL_BACK ? now.step - travel->steps : travel->steps);
    return ok();
}

static int64_t first_step(const Session *session)
{
    const Timeline *timeline = &session->timeline;

    return timeline->moment_count == 0 ? timeline_now(session).step : timeline->moments[0].at.step;
}

static Status check_point(const Session *session, Point to)
{
    int64_t first = first_step(session), last = end_of(session).step;

    if (to.step > last)
        return fail(STATUS_USAGE, "step %lld was not taken yet: %lld is the last; try train %lld",
                    (long long)to.step, (long long)last, (long long)(to.step - last));
    if (to.step < first)
        return fail(STATUS_USAGE, "there is no way back before step %lld, %s", (long long)first,
                    first == 0 ? "where the run began" : session->timeline.before);
    return ok();
}

/* The newest copy at or before the point; one step at least is taken from it where it can be, since a
 * copy does not know all that a step leaves behind. */
static const Moment *moment_before(const Timeline *timeline, Point to)
{
    size_t i = timeline->moment_count - 1;

    while (i > 0 &&
           (timeline->moments[i].at.step > to.step || timeline->moments[i].at.turn > to.turn))
        i--;
    while (i > 0 && timeline->moments[i].at.step == to.step && !timeline->moments[i].regrouped)
        i--;
    return &timeline->moments[i];
}

static Status check_room(const Session *session, const Moment *from)
{
    int64_t most = experiment_most(session->here.class), numbers = 0, all;

    for (int i = 0; i < from->count; i++)
        numbers += experiment_size(session->here.class, &from->all[i]->settings,
                                   runs_used(session)->data->set);
    all = numbers + runs_size(session) + beside_size(session);
    if (all > most)
        return fail(STATUS_MEMORY,
                    "the runs of then, those of now and what undo keeps need %lld MiB together; "
                    "%lld MiB is the most that is taken",
                    (long long)(all >> 18), (long long)(most >> 18));
    return ok();
}

static Status put_up(const Session *session, const Moment *from, Runs *next)
{
    LoadedData *data = runs_used(session)->data;
    Status status = ok();

    *next = (Runs){.used = from->used, .compared = from->at.step};
    memcpy(next->differences.first, from->first, sizeof from->first);
    while (next->count < from->count && !failed(status)) {
        const Checkpoint *copy = from->all[next->count];

        status = runs_put_up(session, data, &copy->settings, copy, &next->all[next->count]);
        next->count += !failed(status);
    }
    if (failed(status))
        runs_free(next);
    return status;
}

static Status change(Experiment *run, const TurnOf *of)
{
    Snapshot *facts = &run->facts;
    const EventLog log = facts->events;
    Scalars scalars;

    TRY(experiment_change(run, &of->settings));
    facts->events = log; /* all that was said then comes below */
    run->class->scalars_get(run->store, &scalars);
    scalars.scale = of->scale;
    scalars.tracker = of->tracker;
    scalars.spent = of->spent;
    run->class->scalars_set(run->store, &scalars);
    run->injections = of->injections;
    facts->accuracy = of->accuracy;
    facts->accuracy_step = of->accuracy_step;
    for (int i = 0; i < of->event_count; i++)
        events_add(&facts->events, of->events[i].kind, of->events[i].step, "%s",
                   of->events[i].text);
    experiment_describe(run);
    return run->trouble;
}

/* Of the runs that stand in the session now. Counters are looked at when the last step is done. */
static Status take_steps(Session *session, int64_t to)
{
    while (runs_used(session)->facts.step + runs_used(session)->in_flight < to) {
        TRY(runs_start_step(session));
        TRY(runs_collect(session, false));
    }
    TRY(runs_collect(session, true));
    for (int i = 0; i < session->runs.count; i++)
        experiment_refresh(session->runs.all[i]);
    return runs_trouble(session);
}

static Status repeat(Session *session, Point from, Point to)
{
    const Timeline *timeline = &session->timeline;

    for (size_t turn = from.turn; turn < to.turn; turn++) {
        TRY(take_steps(session, timeline->turns[turn].step));
        for (int i = 0; i < session->runs.count; i++)
            TRY(change(session->runs.all[i], &timeline->turns[turn].of[i]));
    }
    return take_steps(session, to.step);
}

/* The same run stays in use where it is there. */
static void keep_used(Runs *next, const char *name)
{
    for (int i = 0; i < next->count; i++)
        if (strcmp(next->all[i]->facts.run_name, name) == 0)
            next->used = i;
}

static Status go(Session *session, Point to)
{
    const Moment *from = moment_before(&session->timeline, to);
    Runs before = session->runs, next;
    Status status;

    TRY(check_room(session, from));
    TRY(put_up(session, from, &next));
    keep_used(&next, runs_used(session)->facts.run_name);
    session->runs = next;
    status = repeat(session, from->at, to);
    if (!failed(status))
        status = rescue_renew(session);
    next = session->runs;
    session->runs = before;
    if (failed(status)) {
        runs_free(&next);
        for (int i = 0; i < before.count; i++)
            experiment_forget_orders(before.all[i]);
        return status.code == STATUS_INTERRUPTED
                   ? fail(STATUS_INTERRUPTED, "interrupted; everything is as it was before")
                   : status;
    }
    worker_stop(session, ok());
    session->runs = next;
    runs_free(&before);
    return ok();
}

static void arrive(Session *session, Point to, Point end)
{
    Timeline *timeline = &session->timeline;

    timeline->turn = to.turn;
    timeline->back = to.step < end.step || to.turn < end.turn;
    timeline->ahead = end.step;
    for (int i = 0; i < session->runs.count; i++)
        timeline->logged[i] = session->runs.all[i]->facts.events.total;
}

static void note(Session *session, const Travel *travel, bool named, const char *run)
{
    Journal *journal = &session->journal;
    const Experiment *now = runs_used(session);

    text_copy(journal->run, sizeof journal->run, named ? run : "");
    if (travel->kind == TRAVEL_MARK)
        journal_add(journal, now, "rewind to %s", travel->mark);
    else if (travel->kind == TRAVEL_FORWARD)
        journal_add(journal, now, "rewind forward");
    else
        journal_add(journal, now, "rewind to %lld", (long long)now->facts.step);
}

static Status check_trace(const Session *session)
{
    if (session->trace != NULL)
        return fail(STATUS_USAGE,
                    "%.100s is being written, a row for each step in turn; say export trace off "
                    "first",
                    trace_path(session->trace));
    return ok();
}

static Status travel_job(Session *session, void *argument)
{
    Travel *travel = argument;
    Point now = timeline_now(session), end = end_of(session), to = now;
    bool named = session->runs.count > 1;
    char run[RUN_NAME];

    TRY(check_trace(session));
    TRY(find_point(session, travel, &to));
    TRY(check_point(session, to));
    text_copy(run, sizeof run, runs_used(session)->facts.run_name);
    travel->step = to.step;
    travel->ahead = end.step;
    if (to.step == now.step && to.turn == now.turn)
        return ok();
    journal_reach(&session->journal, runs_used(session), named);
    TRY(go(session, to));
    arrive(session, to, end);
    note(session, travel, named, run);
    session_copy_out(session);
    return ok();
}

Status session_travel_begin(Session *session, Travel *travel)
{
    TRY(worker_between_steps(session));
    if (!session_training(session))
        atomic_store(&session->interrupt, false);
    worker_post(session, travel_job, travel);
    return ok();
}

bool session_travel_ended(Session *session, double seconds, Status *status)
{
    return worker_answered(session, seconds, status);
}
