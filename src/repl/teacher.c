#include "repl/teacher.h"

#include "base/file.h"
#include "base/memory.h"
#include "lesson/course.h"
#include "lesson/sidecar.h"
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

/* A program that ended within a lesson brought nothing back; the next lesson takes that name again. */
static void tell_left_over(Repl *repl)
{
    Text path = {0}, left = {0};

    if (!failed(file_state_path(TEACHER_OWN_FILE, &path)) &&
        !failed(file_state_path(TEACHER_LEFT_FILE, &left)) &&
        rename(text_chars(&path), text_chars(&left)) == 0)
        repl_note(repl, "a lesson was not left last time; `load %s` brings back the run before it",
                  text_chars(&left));
    text_release(&path);
    text_release(&left);
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
    tell_left_over(repl);
    return repl->teacher;
}

void teacher_drop_file(char **path)
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
    free(teacher->before_file); /* which stays: it is the learner's own run */
    lesson_free(teacher->lesson);
    free(teacher->last);
    ledger_release(&teacher->ledger);
    text_release(&teacher->votes);
    text_release(&teacher->typed);
    text_release(&teacher->shown);
    text_release(&teacher->pending);
    text_release(&teacher->own_breaks);
    text_release(&teacher->step_breaks);
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

static Status find_in_course(const Course *course, const char *word, Text *path)
{
    int at = course_find(course, word);
    const char *near = course_nearest(course, word);

    if (at >= 0)
        text_append(path, course->lines[at].path);
    else if (near != NULL)
        return fail(STATUS_USAGE, "there is no lesson '%.40s'; did you mean %s?", word, near);
    else
        return fail(STATUS_USAGE, "there is no lesson '%.40s'; `lesson list` shows what there is",
                    word);
    return ok();
}

static Status find_file(const char *word, Text *path)
{
    Course course = {0};
    Text folded = {0};
    Status status;

    if (strchr(word, '/') != NULL || strstr(word, ".lesson") != NULL) {
        text_append(path, word);
        return ok();
    }
    teacher_fold(word, &folded);
    status = course_read(&course);
    if (!failed(status))
        status = find_in_course(&course, text_chars(&folded), path);
    course_release(&course);
    text_release(&folded);
    return status;
}

/* The lesson that the learner is in or was in. One of a file has its name on record, and not its place. */
static Status find_left(const Teacher *teacher, Text *path)
{
    const char *id = teacher->ledger.lesson;
    Course course = {0};
    Status status = ok();

    if (id[0] == '\0')
        return fail(STATUS_USAGE, "no lesson has been begun; `lesson list` shows what there is");
    if (teacher->last != NULL)
        text_append(path, teacher->last);
    else
        status = course_read(&course);
    for (size_t i = 0; i < course.count && path->length == 0; i++)
        if (strcmp(course.lines[i].id, id) == 0)
            text_append(path, course.lines[i].path);
    course_release(&course);
    if (!failed(status) && path->length == 0)
        status =
            fail(STATUS_USAGE,
                 "you were in lesson %s, which is not one of the course; name its file, as in: "
                 "lesson %s.lesson",
                 id, id);
    return status;
}

/* A translation with a mistake keeps nobody out: the lesson is shown as it was written. */
static Status read_translation(Repl *repl, Lesson *lesson)
{
    SidecarFacts facts = {0};
    Status status = sidecar_read(lesson, teacher_of(repl)->lang, &facts);

    if (failed(status)) {
        repl_note(repl, "the translation is not shown: %s", status.text);
        status = sidecar_read(lesson, lesson->lang, &facts);
    }
    sidecar_facts_release(&facts);
    return status;
}

Status teacher_read(Repl *repl, const char *word, Lesson **lesson)
{
    Text path = {0};
    Status status = find_file(word, &path);

    if (!failed(status))
        status = lesson_read(text_chars(&path), lesson);
    if (!failed(status)) {
        status = read_translation(repl, *lesson);
        if (failed(status))
            lesson_free(*lesson);
    }
    text_release(&path);
    return status;
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
    Status status;

    teacher_stop_playing(repl);
    teacher->at = at;
    teacher->passed = false;
    teacher->hints = teacher->attempts = 0;
    teacher->trainings = teacher->looks = 0;
    teacher->verdict = (Verdict){.first = 0};
    status = teacher_set_stage(repl, step);
    if (status.code == STATUS_INTERRUPTED)
        return fail(status.code,
                    "interrupted while its stage was set; restart begins this step anew");
    if (failed(status))
        return fail(status.code, "this step cannot begin: %.160s", status.text);
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

Status teacher_start(Repl *repl, const char *word)
{
    Teacher *teacher = teacher_of(repl);
    Lesson *lesson = NULL;
    Text path = {0};
    Status status;

    if (word == NULL && teacher->lesson != NULL)
        return show(repl);
    TRY(teacher_may_begin(repl));
    status = word == NULL ? find_left(teacher, &path) : ok();
    if (!failed(status))
        status = teacher_read(repl, word == NULL ? text_chars(&path) : word, &lesson);
    text_release(&path);
    if (failed(status))
        return status;
    session_pause(repl->session);
    teacher_keep_own(repl);
    lesson_free(teacher->lesson);
    teacher->lesson = lesson;
    free(teacher->last);
    teacher->last = xstrdup(lesson->path);
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

    if (teacher->playing || file_stamp(teacher->lesson->path) == teacher->lesson->stamp)
        return;
    teacher->lesson->stamp = file_stamp(teacher->lesson->path); /* a mistake in it is told once */
    status = teacher_read(repl, teacher->lesson->path, &lesson);
    if (failed(status)) {
        repl_note(repl, "the lesson has changed, and goes on as it was: %s", status.text);
        return;
    }
    at = lesson_step_named(lesson, teacher_step(teacher)->id);
    lesson_free(teacher->lesson);
    teacher->lesson = lesson;
    teacher->predicted = NULL;
    repl_note(repl, "the lesson has changed, and was read again");
    status = teacher_enter(repl, at < 0 ? 0 : at);
    if (failed(status))
        repl_note(repl, "%s", status.text);
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
    teacher_stop_playing(repl);
    past_release(&repl->past);
    repl->past_needs = (ExprNeeds){.accuracy = false};
    repl_note(repl, "%s", said(teacher, presented ? SAID_CARD_END : SAID_LEFT));
    return presented ? ok() : teacher_bring_back_own(repl);
}
