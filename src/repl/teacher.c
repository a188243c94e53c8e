#include "repl/teacher.h"

#include "base/file.h"
#include "base/memory.h"
#include "lesson/course.h"
#include "lesson/sidecar.h"
#include "repl/execute.h"
#include "repl/measure.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char ledger_name[] = "lessons.txt";

/* What was chosen, else what the locale speaks. */
static void choose_language(Teacher *teacher)
{
    const char *locale = setlocale(LC_MESSAGES, NULL); /* NOLINT(concurrency-mt-unsafe): asks */

    text_copy(teacher->lang, LANG_TEXT,
              teacher->ledger.lang[0] != '\0'                   ? teacher->ledger.lang
              : locale != NULL && strncmp(locale, "zh", 2) == 0 ? "zh"
                                                                : "en");
}

static void open_ledger(Repl *repl, Teacher *teacher)
{
    Text path = {0}, trouble = {0};
    Status status = file_state_path(ledger_name, &path);

    if (!failed(status))
        status = ledger_open(text_chars(&path), &teacher->ledger, &trouble);
    if (failed(status))
        repl_note(repl, "progress is not recorded: %s", status.text);
    else
        teacher->ledger_path = xstrdup(text_chars(&path));
    if (trouble.length > 0)
        repl_note(repl, "%s", text_chars(&trouble));
    text_release(&path);
    text_release(&trouble);
}

Teacher *teacher_of(Repl *repl)
{
    if (repl->teacher != NULL)
        return repl->teacher;
    repl->teacher = xcalloc(1, sizeof *repl->teacher);
    repl->teacher->card = -1;
    repl->teacher->seed = repl->fresh.seed;
    open_ledger(repl, repl->teacher);
    choose_language(repl->teacher);
    return repl->teacher;
}

static void drop_file(char **path)
{
    if (*path != NULL)
        (void)unlink(*path);
    free(*path);
    *path = NULL;
}

void teacher_free(Teacher *teacher)
{
    if (teacher == NULL)
        return;
    drop_file(&teacher->kept);
    free(teacher->before_file); /* which stays: it is the learner's own run */
    lesson_free(teacher->lesson);
    ledger_release(&teacher->ledger);
    text_release(&teacher->votes);
    text_release(&teacher->typed);
    text_release(&teacher->shown);
    text_release(&teacher->pending);
    free(teacher->ledger_path);
    free(teacher);
}

bool teacher_on(const Repl *repl)
{
    return repl->teacher != NULL && repl->teacher->lesson != NULL && !repl->teacher->checking;
}

const Step *teacher_step(const Teacher *teacher)
{
    return &teacher->lesson->steps[teacher->at];
}

void teacher_record(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Status status;

    if (teacher->ledger_path == NULL || teacher->checking)
        return;
    status = ledger_write(teacher->ledger_path, &teacher->ledger);
    if (!failed(status))
        return;
    repl_note(repl, "progress is not recorded any more: %s", status.text);
    free(teacher->ledger_path);
    teacher->ledger_path = NULL;
}

static Status find_file(const char *word, Text *path)
{
    Course course = {0};
    const char *near;
    int at;
    Status status;

    if (strchr(word, '/') != NULL || strstr(word, ".lesson") != NULL) {
        text_append(path, word);
        return ok();
    }
    status = course_read(&course);
    if (!failed(status)) {
        at = course_find(&course, word);
        near = course_nearest(&course, word);
        if (at >= 0)
            text_append(path, course.lines[at].path);
        else if (near != NULL)
            status = fail(STATUS_USAGE, "there is no lesson '%.40s'; did you mean %s?", word, near);
        else
            status = fail(STATUS_USAGE,
                          "there is no lesson '%.40s'; `lesson list` shows what there is", word);
    }
    course_release(&course);
    return status;
}

Status teacher_read(Repl *repl, const char *word, Lesson **lesson)
{
    Text path = {0};
    SidecarFacts facts = {0};
    Status status = find_file(word, &path);

    if (!failed(status))
        status = lesson_read(text_chars(&path), lesson);
    if (!failed(status)) {
        status = sidecar_read(*lesson, teacher_of(repl)->lang, &facts);
        if (failed(status))
            lesson_free(*lesson);
    }
    sidecar_facts_release(&facts);
    text_release(&path);
    return status;
}

/* Without a word from the commands: what they do is what the lesson says. */
static Status run_setup(Repl *repl, const char *commands)
{
    bool quiet = repl->quiet;
    Status status;

    repl->quiet = true;
    repl->depth++;
    status = execute_text(repl, "@setup", commands, strlen(commands));
    repl->depth--;
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

static Status fresh_session(Repl *repl)
{
    Settings settings = repl->fresh;

    settings.seed = repl->teacher->seed;
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

    session_pause(repl->session);
    if (setup != NULL) {
        TRY(fresh_session(repl));
        TRY(run_setup(repl, setup->commands));
    }
    return begin_past(repl, step);
}

static Status show(Repl *repl)
{
    Snapshot snapshot = {0};
    Text page = {0};
    Status status = measure(repl, judge_needs(teacher_step(repl->teacher)), &snapshot);

    if (!failed(status)) {
        page_step(repl->teacher, &snapshot, page_columns(repl), &page);
        repl_print(repl, "%s", text_chars(&page));
    }
    text_release(&page);
    snapshot_release(&snapshot);
    return status;
}

Status teacher_enter(Repl *repl, int at)
{
    Teacher *teacher = repl->teacher;
    const Step *step = &teacher->lesson->steps[at];

    TRY(teacher_set_stage(repl, step));
    drop_file(&teacher->kept);
    teacher->at = at;
    teacher->passed = false;
    teacher->hints = teacher->attempts = 0;
    teacher->trainings = teacher->looks = 0;
    TRY(teacher_judge(repl, step, &teacher->verdict));
    ledger_place(&teacher->ledger, teacher->lesson->id, step->id);
    teacher_record(repl);
    return show(repl);
}

/* The step that the learner was in, or the next that is not done; from the beginning where all are. */
static int where_left(const Teacher *teacher)
{
    const Ledger *ledger = &teacher->ledger;
    const Lesson *lesson = teacher->lesson;
    int left =
        strcmp(ledger->lesson, lesson->id) == 0 ? lesson_step_named(lesson, ledger->step) : 0;
    int count = (int)lesson->step_count;

    /* From there on, and round. */
    for (int i = 0; i < count; i++) {
        int at = ((left < 0 ? 0 : left) + i) % count;
        const StepMark *mark = ledger_find(ledger, lesson->id, lesson->steps[at].id);

        if (mark == NULL || mark->verdict == VERDICT_OPEN)
            return at;
    }
    return 0;
}

/* Where the learner's own run has gone somewhere, it is kept in a file; `lesson off` brings it back. */
void teacher_keep_own(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Snapshot snapshot = {0};
    Text path = {0};
    int64_t step;

    if (teacher->lesson != NULL)
        return;
    session_snapshot(repl->session, &snapshot);
    teacher->before = *session_settings(repl->session);
    if (snapshot.step > 0 && !failed(file_state_path("before-lesson.safetensors", &path)) &&
        !failed(session_save(repl->session, text_chars(&path), &step))) {
        teacher->before_file = xstrdup(text_chars(&path));
        repl_note(repl, "%s", said(teacher, SAID_KEPT_OWN));
    }
    snapshot_release(&snapshot);
    text_release(&path);
}

Status teacher_start(Repl *repl, const char *word)
{
    Teacher *teacher = teacher_of(repl);
    Lesson *lesson = NULL;

    if (word == NULL && teacher->lesson != NULL)
        return show(repl);
    if (word == NULL && teacher->ledger.lesson[0] == '\0')
        return fail(STATUS_USAGE, "no lesson has been begun; `lesson list` shows what there is");
    TRY(teacher_read(repl, word == NULL ? teacher->ledger.lesson : word, &lesson));
    session_pause(repl->session);
    teacher_keep_own(repl);
    lesson_free(teacher->lesson);
    teacher->lesson = lesson;
    teacher->predicted = NULL;
    teacher->card = -1;
    text_clear(&teacher->typed);
    return teacher_enter(repl, where_left(teacher));
}

void teacher_reread(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Lesson *lesson = NULL;
    Status status;
    int at;

    if (file_stamp(teacher->lesson->path) == teacher->lesson->stamp)
        return;
    teacher->lesson->stamp = file_stamp(teacher->lesson->path); /* a mistake in it is told once */
    status = teacher_read(repl, teacher->lesson->path, &lesson);
    if (!failed(status)) {
        at = lesson_step_named(lesson, teacher_step(teacher)->id);
        lesson_free(teacher->lesson);
        teacher->lesson = lesson;
        teacher->predicted = NULL;
        repl_note(repl, "the lesson has changed, and was read again");
        status = teacher_enter(repl, at < 0 ? 0 : at);
    }
    if (failed(status))
        repl_note(repl, "the lesson has changed, and goes on as it was: %s", status.text);
}

Status teacher_bring_back_own(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Text what = {0};
    Status status;

    if (teacher->before_file == NULL)
        return stage(repl, &teacher->before);
    status = session_load(repl->session, teacher->before_file, &what);
    if (!failed(status))
        drop_file(&teacher->before_file);
    text_release(&what);
    return status;
}

Status teacher_leave(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    bool presented;

    if (!teacher_on(repl))
        return fail(STATUS_USAGE, "no lesson runs; `lesson list` shows what there is");
    presented = teacher->card >= 0;
    session_pause(repl->session);
    teacher_record(repl);
    lesson_free(teacher->lesson);
    teacher->lesson = NULL;
    teacher->predicted = NULL;
    teacher->card = -1;
    drop_file(&teacher->kept);
    past_release(&repl->past);
    repl->past_needs = (ExprNeeds){.accuracy = false};
    repl_note(repl, "%s", said(teacher, presented ? SAID_CARD_END : SAID_LEFT));
    return presented ? ok() : teacher_bring_back_own(repl);
}

Status teacher_play(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Text path = {0};
    char name[64];
    int64_t step;
    Status status;

    if (session_run_count(repl->session) > 1)
        return fail(STATUS_USAGE,
                    "runs stand side by side here, and only one can be kept; go on as you "
                    "like, restart begins the step anew");
    if (teacher->kept != NULL)
        return fail(STATUS_USAGE, "you play already; `next` comes back to the step");
    session_pause(repl->session);
    snprintf(name, sizeof name, "play-%ld.safetensors", (long)getpid());
    status = file_state_path(name, &path);
    if (!failed(status))
        status = session_save(repl->session, text_chars(&path), &step);
    if (!failed(status)) {
        teacher->kept = xstrdup(text_chars(&path));
        repl_note(repl, "%s", said(teacher, SAID_PLAY));
    }
    text_release(&path);
    return status;
}
