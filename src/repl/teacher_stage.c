/* The stage of a step, and the runs that it takes the place of: the learner's own, which `lesson off`
 * brings back, and those of a step, which come back behind `play`. */
#include "repl/teacher.h"

#include "base/file.h"
#include "base/memory.h"
#include "repl/execute.h"
#include "repl/measure.h"
#include "repl/state.h"
#include "repl/teacher_page.h"
#include "train/phases.h"
#include "train/travel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No condition stops a training any more. */
static Status clear_breaks(Session *session)
{
    Text list = {0};
    bool any;

    session_break_list(session, &list);
    any = list.length > 0;
    text_release(&list);
    return any ? session_break_clear(session, 0) : ok();
}

/* The same, with a list of them: runs are put aside without, since they would be set twice when they come
 * back and a script is made of that. */
static Status take_breaks(Session *session, Text *list)
{
    text_clear(list);
    session_break_list(session, list);
    return clear_breaks(session);
}

/* A line of session_break_list: the number is made anew. A run that is not there watches nothing. */
static Status set_break(Session *session, char *line)
{
    char *name = strchr(line, '\t') + 1, *when = strchr(name, '\t');
    int number, run;
    bool holds;

    *when++ = '\0';
    run = session_run_named(session, name);
    if (run < 0)
        return ok();
    TRY(session_use(session, run));
    return session_break(session, when, &number, &holds);
}

/* Exactly these. */
static Status set_breaks(Session *session, const Text *list)
{
    char *copy = xstrdup(text_chars(list)), *next = copy;
    int used = session_run_current(session);
    Status status = clear_breaks(session);

    while (*next != '\0' && !failed(status)) {
        char *line = next, *end = strchr(line, '\n');

        *end = '\0';
        next = end + 1;
        status = set_break(session, line);
    }
    free(copy);
    if (!failed(status) && list->length > 0)
        status = session_use(session, used);
    return status;
}

/* Line n of it. A mistake names the line of the lesson's file. */
static Status run_setup_line(Repl *repl, const Block *setup, int n, const char *line, size_t length)
{
    Text copy = {0};
    Status status;

    text_append_bytes(&copy, line, length);
    status = execute_quietly(repl, text_chars(&copy));
    text_release(&copy);
    repl->reported = false; /* by a script: nobody has seen it */
    if (repl->quitting && !failed(status))
        status = fail(STATUS_USAGE, "quit would end the program, and belongs into no setup");
    repl->quitting = false;
    return failed(status)
               ? fail(status.code, "@setup, line %d: %s", block_command_line(setup, n), status.text)
               : ok();
}

/* Without a word from the commands: what they do is what the lesson says. */
static Status run_setup(Repl *repl, const Block *setup)
{
    const char *at = setup->commands;
    bool quiet = repl->quiet;
    Status status = ok();

    repl->quiet = repl->teacher->staging = true;
    for (int n = 0; *at != '\0' && !failed(status); n++) {
        size_t length = strcspn(at, "\n");

        status = run_setup_line(repl, setup, n, at, length);
        at += length + (at[length] == '\n');
    }
    repl->teacher->staging = false;
    repl->quiet = quiet;
    return status;
}

/* One run under these settings, at step 0. */
static Status stage(Repl *repl, const Settings *settings)
{
    StagedRun run = {.name = "a", .settings = *settings};
    Text again = {0}; /* as a script would say it */
    Status status;

    run.settings.pace = session_settings(repl->session)->pace;
    settings_print(&run.settings, "; ", &again);
    text_append(&again, "; reset");
    status = session_stage(repl->session, &run, 1, text_chars(&again));
    text_release(&again);
    return status;
}

/* As if nothing had been typed before. */
static Status fresh_session(Repl *repl)
{
    Settings settings = repl->fresh;

    settings.seed = repl->teacher->seed;
    TRY(clear_breaks(repl->session));
    return stage(repl, &settings);
}

/* From here on what happens counts for this step. */
static Status begin_past(Repl *repl, const Step *step)
{
    Snapshot snapshot = {0};
    Status status;

    repl->past_needs = judge_needs(step);
    status = measure(repl, repl->past_needs, &snapshot);
    repl->trainings = session_trainings(repl->session);
    past_begin(&repl->past, &snapshot);
    snapshot_release(&snapshot);
    return status;
}

Status teacher_set_stage(Repl *repl, const Step *step)
{
    const Block *setup = step_block(step, BLOCK_SETUP, 0);
    Status status = ok(), begun;

    session_pause(repl->session);
    if (setup != NULL)
        status = session_leave_step(repl->session);
    if (setup != NULL && !failed(status))
        status = fresh_session(repl);
    if (setup != NULL && !failed(status))
        status = run_setup(repl, setup);
    if (setup != NULL) /* undo would bring a run of another step onto the stage */
        session_forget_replaced(repl->session);
    begun = begin_past(repl, step);
    return failed(status) ? status : begun;
}

/* A file too, in case the program ends before they are brought back. */
static void save_own(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Text path = {0};
    int64_t step;

    if (!failed(file_state_path(TEACHER_OWN_FILE, &path)) &&
        !failed(session_save(repl->session, text_chars(&path), &step))) {
        free(teacher->before_file);
        teacher->before_file = xstrdup(text_chars(&path));
    }
    text_release(&path);
}

/* All of them, to the bit; where there is no room for that, the one in use as a file. */
static void keep_own_runs(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    bool several = session_run_count(repl->session) > 1;
    Snapshot snapshot = {0};
    Status status;

    session_snapshot(repl->session, &snapshot);
    teacher->before = *session_settings(repl->session);
    status = session_put_aside(repl->session, ASIDE_OWN);
    if (snapshot.step > 0)
        save_own(repl);
    if (failed(status) && several)
        repl_note(repl, "only the run in use is kept: %s", status.text);
    else if (several)
        repl_note(repl, "%s", said(teacher, SAID_KEPT_RUNS));
    else if (teacher->before_file != NULL)
        repl_note(repl, "%s", said(teacher, SAID_KEPT_OWN));
    snapshot_release(&snapshot);
}

/* A card is shown over the learner's own runs. */
static bool has_stage(const Teacher *teacher)
{
    return teacher->lesson != NULL && teacher->card < 0;
}

Status teacher_may_begin(Repl *repl)
{
    if (has_stage(teacher_of(repl)) || !session_in_step(repl->session))
        return ok();
    return fail(STATUS_USAGE,
                "a step of your own run is under way; phase end finishes it, phase drop "
                "forgets it");
}

void teacher_keep_own(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Status status;

    if (has_stage(teacher))
        return;
    status = take_breaks(repl->session, &teacher->own_breaks);
    keep_own_runs(repl);
    if (!failed(status) && teacher->own_breaks.length > 0)
        repl_note(repl, "%s", said(teacher, SAID_KEPT_BREAKS));
}

/* The pace is how somebody likes to watch, and stays. */
static Status take_back(Session *session, AsidePlace place)
{
    double pace = session_settings(session)->pace;
    Settings wanted;
    int64_t step;

    TRY(session_take_back(session, place));
    wanted = *session_settings(session);
    if (wanted.pace == pace)
        return ok();
    wanted.pace = pace;
    return session_apply(session, &wanted, &step);
}

static Status bring_back_runs(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Text what = {0};
    Status status;

    if (session_has_aside(repl->session, ASIDE_OWN))
        return take_back(repl->session, ASIDE_OWN);
    if (teacher->before_file == NULL)
        return stage(repl, &teacher->before);
    status = session_load(repl->session, teacher->before_file, &what);
    text_release(&what);
    return status;
}

Status teacher_bring_back_own(Repl *repl)
{
    Teacher *teacher = repl->teacher;

    TRY(session_leave_step(repl->session));
    TRY(clear_breaks(repl->session));
    TRY(bring_back_runs(repl));
    teacher_drop_file(&teacher->before_file);
    return set_breaks(repl->session, &teacher->own_breaks);
}

Status teacher_play(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Status status;

    if (teacher->playing)
        return fail(STATUS_USAGE, "you play already; `next` comes back to the step");
    session_pause(repl->session);
    measure_ended(repl); /* which still counts for the step */
    TRY(take_breaks(repl->session, &teacher->step_breaks));
    status = session_put_aside(repl->session, ASIDE_STEP);
    TRY(set_breaks(repl->session, &teacher->step_breaks));
    TRY(status);
    teacher->playing = true;
    repl_note(repl, "%s", said(teacher, SAID_PLAY));
    return ok();
}

Status teacher_come_back(Repl *repl)
{
    Teacher *teacher = repl->teacher;

    session_pause(repl->session);
    TRY(session_leave_step(repl->session));
    TRY(clear_breaks(repl->session));
    TRY(take_back(repl->session, ASIDE_STEP));
    TRY(set_breaks(repl->session, &teacher->step_breaks));
    teacher->playing = false;
    repl->trainings = session_trainings(repl->session);
    repl_note(repl, "%s", said(teacher, SAID_BACK));
    return ok();
}

void teacher_stop_playing(Repl *repl)
{
    if (repl->teacher->playing)
        session_let_go(repl->session, ASIDE_STEP);
    repl->teacher->playing = false;
}
