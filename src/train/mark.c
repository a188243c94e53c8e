/* Moments that were given a name. */
#include "train/travel.h"
#include "train/worker.h"

#include <string.h>

typedef struct Asked {
    const char *name;
    int64_t step;
} Asked;

/* The one of this name goes; the new one is the youngest. */
static void forget(Timeline *timeline, const char *name)
{
    int kept = 0;

    for (int i = 0; i < timeline->mark_count; i++)
        if (strcmp(timeline->marks[i].name, name) != 0)
            timeline->marks[kept++] = timeline->marks[i];
    timeline->mark_count = kept;
}

/* Changes are kept from the first copy on, and what comes behind the mark is not to be there. */
static Status mark_job(Session *session, void *argument)
{
    Asked *asked = argument;
    Timeline *timeline = &session->timeline;
    Mark *mark;

    TRY(runs_used(session)->problem);
    if (timeline->moment_count == 0)
        TRY(timeline_start(session));
    if (timeline->moment_count == 0)
        return fail(STATUS_USAGE, "a copy of these runs is more than is kept of the past, so that "
                                  "nothing leads back here; save keeps them in a file");
    forget(timeline, asked->name);
    if (timeline->mark_count == MARKS_MOST)
        return fail(STATUS_USAGE, "%d marks are there already; give one of them another place",
                    MARKS_MOST);
    journal_reach(&session->journal, runs_used(session), session->runs.count > 1);
    mark = &timeline->marks[timeline->mark_count++];
    mark->at = timeline_now(session);
    text_copy(mark->name, sizeof mark->name, asked->name);
    asked->step = mark->at.step;
    journal_add(&session->journal, runs_used(session), "mark %s", asked->name);
    worker_publish(session);
    return ok();
}

static Status check_name(const char *name)
{
    if (strcmp(name, "forward") == 0 || strcmp(name, "to") == 0 || !is_run_name(name))
        return fail(STATUS_USAGE,
                    "a mark is called by a letter and up to %d more letters, digits, - or _, and "
                    "neither to nor forward; try mark before",
                    RUN_NAME - 2);
    return ok();
}

Status session_mark(Session *session, const char *name, int64_t *step)
{
    Asked asked = {.name = name};

    TRY(check_name(name));
    TRY(worker_change(session, mark_job, &asked));
    *step = asked.step;
    return ok();
}

static Status list_job(Session *session, void *argument)
{
    const Timeline *timeline = &session->timeline;

    for (int i = 0; i < timeline->mark_count; i++)
        text_printf(argument, "%s\t%lld\n", timeline->marks[i].name,
                    (long long)timeline->marks[i].at.step);
    return ok();
}

void session_mark_list(Session *session, Text *text)
{
    if (failed(worker_ask(session, list_job, text)))
        return; /* list_job never fails */
}

static Status ahead_job(Session *session, void *argument)
{
    const Timeline *timeline = &session->timeline;
    Point now = timeline_now(session);
    Ahead *ahead = argument;

    *ahead = (Ahead){.from = now.step + 1, .to = timeline->ahead};
    if (!timeline->back)
        return fail(STATUS_USAGE, "nothing lies ahead");
    for (int i = 0; i < timeline->mark_count; i++) {
        Point at = timeline->marks[i].at;

        if (at.step > now.step || (at.step == now.step && at.turn > now.turn))
            text_copy(ahead->marks[ahead->mark_count++], RUN_NAME, timeline->marks[i].name);
    }
    return ok();
}

bool session_ahead(Session *session, Ahead *ahead)
{
    return !failed(worker_ask(session, ahead_job, ahead));
}
