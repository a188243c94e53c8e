/* rewind N | to STEP|MARK | forward: the runs as they were at another step. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/interrupt.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "repl/state.h"
#include "repl/watch.h"
#include "train/travel.h"

#include <string.h>

static const double patience = 3600.0, view_tick = 0.05; /* seconds */

static const char *const ways[] = {"to", "forward", NULL};

static const ArgSpec rewind_args[] = {
    {.name = "steps",
     .kind = ARG_WORD,
     .choices = ways,
     .shown = "N|to|forward",
     .text = "so many steps back; or to a step or mark; or forward to where the runs came from"},
    {.name = "point",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_MARKS,
     .shown = "STEP|MARK",
     .text = "behind to: a step, as it was when the next one began; or what `mark` named"},
    {.kind = ARG_END},
};

static const char *const rewind_examples[] = {
    "train 20; rewind 10; lr 0.1; train 10",
    "train 20; rewind to 0; rewind forward",
    NULL,
};

static Status read_point(const Args *args, Travel *travel)
{
    const char *point = args_text(args, "point");

    if (point == NULL)
        return fail(STATUS_USAGE, "behind `to` comes a step or a mark; try rewind to 0");
    *travel = (Travel){.kind = TRAVEL_MARK, .mark = point};
    if (point[0] < '0' || point[0] > '9')
        return ok();
    travel->kind = TRAVEL_STEP;
    return count_parse(point, &travel->steps);
}

/* A word that is neither `to` nor `forward`: most likely a mark. */
static Status no_such_way(Repl *repl, const char *word)
{
    Snapshot snapshot = {0};
    const char *near = text_nearest(word, ways);

    session_snapshot(repl_session(repl), &snapshot);
    if (names_has(NAMES_MARKS, &snapshot, word))
        near = NULL;
    snapshot_release(&snapshot);
    if (near != NULL)
        return fail(STATUS_USAGE, "rewind has no way '%.40s'; did you mean %s?", word, near);
    return fail(STATUS_USAGE, "a mark stands behind `to`; try rewind to %.40s", word);
}

static Status read_steps(Repl *repl, const Args *args, Travel *travel)
{
    const char *word = args_text(args, "steps");

    if (args_is(args, "steps", "forward") && !args_has(args, "point")) {
        travel->kind = TRAVEL_FORWARD;
        return ok();
    }
    if (strchr("+-.0123456789", word[0]) == NULL && !args_is(args, "steps", "forward"))
        return no_such_way(repl, word);
    if (args_has(args, "point"))
        return fail(STATUS_USAGE, "'%.40s' is more than it takes; try rewind to %.40s",
                    args_text(args, "point"), args_text(args, "point"));
    *travel = (Travel){.kind = TRAVEL_BACK};
    TRY(count_parse(word, &travel->steps));
    if (travel->steps < 1)
        return fail(STATUS_USAGE,
                    "going back takes one step or more, and '%.40s' is none; "
                    "the beginning is rewind to 0",
                    word);
    return ok();
}

static Status wait_for_end(Repl *repl)
{
    Status status;

    while (!session_travel_ended(repl_session(repl), repl->watch == NULL ? patience : 0.0, &status))
        if (repl->watch != NULL)
            watch_tick(repl, view_tick);
    return status;
}

/* Where there are others than before. */
static void append_runs(const Session *session, int before, Text *text)
{
    int count = session_run_count(session);

    for (int i = 0; i < count && count != before; i++)
        text_printf(text, "%s%s",
                    i == 0          ? ", with run "
                    : i + 1 < count ? ", "
                                    : " and ",
                    session_run_name(session, i));
}

static void tell(Repl *repl, const Travel *travel, int runs)
{
    char number[NUMBER_TEXT];
    Text line = {0};

    text_printf(&line, "step %s", phrase_count(travel->step, number));
    append_runs(repl_session(repl), runs, &line);
    if (travel->step < travel->ahead)
        text_printf(&line, "; rewind forward goes to step %s, until something else is done",
                    phrase_count(travel->ahead, number));
    else
        text_append(&line, ", the last that was taken");
    repl_note(repl, "%s", text_chars(&line));
    text_release(&line);
}

static Status rewind_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    Travel travel = {.kind = TRAVEL_FORWARD};
    int runs = session_run_count(session);
    Status status;

    args_blame(args, args_has(args, "point") ? "point" : "steps");
    TRY(args_is(args, "steps", "to") ? read_point(args, &travel) : read_steps(repl, args, &travel));
    interrupt_direct(session);
    status = session_travel_begin(session, &travel);
    if (!failed(status))
        status = wait_for_end(repl);
    interrupt_direct(NULL);
    TRY(status);
    repl->back = session_ahead(session, &repl->ahead);
    tell(repl, &travel, runs);
    return ok();
}

const Command rewind_command = {
    .name = "rewind",
    .summary = "go back to an earlier step, bit for bit, or forward again",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .args = rewind_args,
    .examples = rewind_examples,
    .more =
        "Weights, optimizer, loss scale, settings, counts, loss curve and log are those of that "
        "step when the next one began, in all runs: what was set or injected between the two is "
        "there, and a mark tells it apart. Before a fork there are fewer runs. They come from a "
        "copy of the "
        "runs before that step, and the steps and changes since, done again. What lies ahead is "
        "kept until something else is done: a step, a setting. The way back ends where the run was "
        "begun, loaded or taken to another backend. Ctrl-C leaves everything as it was.",
    .run = rewind_run,
};
