#include "repl/teacher_files.h"

#include "base/file.h"
#include "lesson/course.h"
#include "lesson/read.h"
#include "lesson/sidecar.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

#include <string.h>

static const char skeleton[] =
    "# A lesson. '#' at column 0 begins a comment, '@word' a block; lessons/README.md explains "
    "all.\n"
    "@lesson  %s\n"
    "@version 1\n"
    "@lang    en\n"
    "@minutes 10\n"
    "@title   One line that says what it is about\n"
    "@goal    What somebody can do who has done it\n"
    "@source  seen  what was measured, where and how\n"
    "\n"
    "@step why read\n"
    "@text\n"
    "Why this is worth ten minutes. [seen]\n"
    "\n"
    "@step guess predict\n"
    "@ask\n"
    "What will 20 steps do to the loss?\n"
    "@choice  a  It stays where it is\n"
    "@choice* b  It falls\n"
    "\n"
    "@step do do\n"
    "@setup\n"
    "data fashion size=14\n"
    "net 196 32 10\n"
    "@task\n"
    "Train for a few steps, until the loss is below 2.\n"
    "@check\n"
    "learnt  last_run.loss < 2  -- the loss is still high; train for more steps\n"
    "@hint\n"
    "`train 20` takes 20 steps.\n"
    "@solution\n"
    "train 100\n"
    "@also\n"
    "train 1 epoch\n"
    "@wrong learnt\n"
    "train 1\n"
    "@debrief\n"
    "It was {start.loss} before, and is {loss:%%.3f} now.\n";

static int steps_done(const Teacher *teacher, const Lesson *lesson)
{
    int done = 0;

    for (size_t i = 0; i < lesson->step_count; i++) {
        const StepMark *mark = ledger_find(&teacher->ledger, lesson->id, lesson->steps[i].id);

        done += mark != NULL && mark->verdict != VERDICT_OPEN;
    }
    return done;
}

static void list_one(Repl *repl, const CourseLine *line)
{
    const Teacher *teacher = repl->teacher;
    Lesson *lesson = NULL;
    Text page = {0}, head = {0};
    Status status = teacher_read(repl, line->path, &lesson);

    if (failed(status)) {
        repl_print(repl, "%-4s%s: %s\n", line->label, line->id, status.text);
        return;
    }
    text_printf(&head, "%-4s%s", line->label, step_prose(&lesson->header, BLOCK_TITLE));
    page_wrap(text_chars(&head), page_columns(repl), "", &page);
    page_wrap(step_prose(&lesson->header, BLOCK_GOAL), page_columns(repl), "    ", &page);
    repl_print(repl, "%s    lesson %s: %d of %zu steps, %d min\n", text_chars(&page), lesson->id,
               steps_done(teacher, lesson), lesson->step_count, lesson->minutes);
    text_release(&head);
    text_release(&page);
    lesson_free(lesson);
}

Status teacher_list(Repl *repl)
{
    Course course = {0};
    Status status = course_read(&course);

    (void)teacher_of(repl);
    for (size_t i = 0; i < course.count && !failed(status); i++)
        list_one(repl, &course.lines[i]);
    course_release(&course);
    return status;
}

void teacher_typed(Repl *repl, const char *line)
{
    if (!teacher_on(repl))
        return;
    teacher_card_typed(repl->teacher, line);
    if (line[strspn(line, " ")] != '\0')
        text_printf(&repl->teacher->typed, "%s\t%s\n", teacher_step(repl->teacher)->id, line);
}

void teacher_vote(Repl *repl, const char *votes)
{
    text_printf(&repl->teacher->votes, "%s\t%s\n", teacher_step(repl->teacher)->id, votes);
}

static void append_lines(const Text *lines, const Step *step, const char *before, Text *text)
{
    size_t length = strlen(step->id);

    for (const char *at = text_chars(lines); *at != '\0';) {
        size_t line = strcspn(at, "\n");

        if (strncmp(at, step->id, length) == 0 && at[length] == '\t')
            text_printf(text, "    %s%.*s\n", before, (int)(line - length - 1), at + length + 1);
        at += line + (at[line] == '\n');
    }
}

static void append_step(const Teacher *teacher, const Step *step, const Snapshot *snapshot,
                        Text *text)
{
    static const BlockKind parts[] = {BLOCK_TEXT, BLOCK_TASK, BLOCK_ASK};
    const StepMark *mark = ledger_find(&teacher->ledger, teacher->lesson->id, step->id);

    text_printf(text, "\n## %s (%s)\n\n", step->id,
                mark == NULL ? verdict_names[VERDICT_OPEN] : verdict_names[mark->verdict]);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (step_prose(step, parts[i])[0] != '\0') {
            page_prose(step_prose(step, parts[i]), snapshot, PAGE_COLUMNS, "", text);
            text_append(text, "\n");
        }
    page_choices(step, PAGE_COLUMNS, text);
    append_lines(&teacher->votes, step, "votes  ", text);
    append_lines(&teacher->typed, step, "> ", text);
}

Status teacher_export(Repl *repl, const char *path)
{
    const Teacher *teacher = repl->teacher;
    Snapshot snapshot = {0};
    const Lesson *lesson;
    const Block *source;
    Text text = {0};
    Status status;

    if (!teacher_on(repl))
        return fail(STATUS_USAGE, "no lesson runs; begin one, as in `lesson L1`");
    lesson = teacher->lesson;
    session_snapshot(repl->session, &snapshot);
    snapshot.past = &repl->past;
    text_printf(&text, "# %s\n\n", step_prose(&lesson->header, BLOCK_TITLE));
    page_wrap(step_prose(&lesson->header, BLOCK_GOAL), PAGE_COLUMNS, "", &text);
    for (size_t i = 0; i < lesson->step_count; i++)
        append_step(teacher, &lesson->steps[i], &snapshot, &text);
    text_printf(&text, "\n## %s\n\n", said(teacher, SAID_SOURCES));
    for (int n = 0; (source = step_block(&lesson->header, BLOCK_SOURCE, n)) != NULL; n++)
        text_printf(&text, "- [%s] %s\n", source->name, source->text);
    status = file_write(path, text_chars(&text), text.length);
    if (!failed(status))
        repl_note(repl, "%s holds the lesson and what was typed", path);
    snapshot_release(&snapshot);
    text_release(&text);
    return status;
}

static void report_lesson(const Teacher *teacher, const Lesson *lesson, Text *text)
{
    for (size_t i = 0; i < lesson->step_count; i++) {
        const Step *step = &lesson->steps[i];
        const StepMark *mark = ledger_find(&teacher->ledger, lesson->id, step->id);
        StepMark none = {.verdict = VERDICT_OPEN};

        mark = mark == NULL ? &none : mark;
        text_printf(text, "%s,%s,%s,%s,%d,%d,%d,%d\n", lesson->id, step->id,
                    step_kind_names[step->kind], verdict_names[mark->verdict], mark->attempts,
                    mark->hints, mark->solution, mark->version);
    }
}

Status teacher_report(Repl *repl, const char *path)
{
    const Teacher *teacher = teacher_of(repl);
    Course course = {0};
    Text text = {0};
    Status status = course_read(&course);

    text_append(&text, "lesson,step,kind,verdict,attempts,hints,solution,version\n");
    for (size_t i = 0; i < course.count && !failed(status); i++) {
        Lesson *lesson = NULL;

        status = teacher_read(repl, course.lines[i].path, &lesson);
        if (failed(status))
            break;
        report_lesson(teacher, lesson, &text);
        lesson_free(lesson);
    }
    if (!failed(status) && path != NULL)
        status = file_write(path, text_chars(&text), text.length);
    if (!failed(status) && path == NULL)
        repl_print(repl, "%s", text_chars(&text));
    course_release(&course);
    text_release(&text);
    return status;
}

Status teacher_new(Repl *repl, const char *name)
{
    Text path = {0}, text = {0};
    Status status;

    if (!is_id(name))
        return fail(STATUS_USAGE, "a lesson is called by a-z, 0-9 and -, as in my-lesson");
    text_printf(&path, "%s.lesson", name);
    text_printf(&text, skeleton, name);
    if (file_exists(text_chars(&path)))
        status = fail(STATUS_IO, "there is a %s already", text_chars(&path));
    else
        status = file_write(text_chars(&path), text_chars(&text), text.length);
    if (!failed(status))
        repl_note(repl,
                  "%s is a lesson to begin with: `lesson %s` tries it, `lesson check %s` "
                  "checks it",
                  text_chars(&path), text_chars(&path), text_chars(&path));
    text_release(&path);
    text_release(&text);
    return status;
}

Status teacher_stamp(Repl *repl, const char *word, const char *lang)
{
    Lesson *lesson = NULL;
    Text path = {0}, text = {0};
    SidecarFacts facts = {0};
    Status status;

    TRY(teacher_read(repl, word, &lesson));
    if (strcmp(lang, lesson->lang) == 0)
        status = fail(STATUS_USAGE, "lesson %s is written in %s; a sidecar is in another language",
                      lesson->id, lang);
    else
        status = sidecar_read(lesson, lang, &facts);
    if (!failed(status)) {
        sidecar_path(lesson, lang, &path);
        sidecar_print(lesson, lang, &text);
        status = file_make_folders(path.chars);
    }
    if (!failed(status))
        status = file_write(text_chars(&path), text_chars(&text), text.length);
    if (!failed(status))
        repl_note(repl, "%s: %d blocks are translated, %d are not", text_chars(&path), facts.shown,
                  facts.missing);
    sidecar_facts_release(&facts);
    text_release(&path);
    text_release(&text);
    lesson_free(lesson);
    return status;
}
