#include "repl/lesson_check.h"

#include "base/file.h"
#include "lesson/course.h"
#include "lesson/read.h"
#include "repl/lesson_verify.h"
#include "repl/state.h"

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const double lesson_seconds = 60.0;

static void say(const Verifier *verifier, int line, const char *which, const Text *text)
{
    repl_print(verifier->repl, "%s:%d: %s: step %s: %s\n",
               verifier->lesson == NULL ? "lessons" : verifier->lesson->path, line, which,
               verifier->step == NULL ? "-" : verifier->step->id, text_chars(text));
}

void verify_fault(Verifier *verifier, int line, const char *which, const char *fmt, ...)
{
    Text text = {0};
    va_list args;

    verifier->faults++;
    va_start(args, fmt);
    text_vprintf(&text, fmt, args);
    va_end(args);
    say(verifier, line, which, &text);
    text_release(&text);
}

void verify_warning(Verifier *verifier, int line, const char *which, const char *fmt, ...)
{
    Text text = {0};
    va_list args;

    verifier->warnings++;
    text_append(&text, "warning: ");
    va_start(args, fmt);
    text_vprintf(&text, fmt, args);
    va_end(args);
    say(verifier, line, which, &text);
    text_release(&text);
}

static Status verify_lesson(Verifier *verifier)
{
    const Lesson *lesson = verifier->lesson;
    int faults = verifier->faults;

    verify_text(verifier);
    verifier->step = NULL;
    if (!verify_reach(verifier))
        return ok();
    for (size_t i = 0; i < lesson->step_count; i++) {
        verifier->step = &lesson->steps[i];
        if (verifier->step->kind == STEP_DO)
            TRY(verify_step(verifier));
        else if (step_asks(verifier->step) && step_block(verifier->step, BLOCK_SETUP, 0) != NULL)
            TRY(verify_staged_question(verifier));
    }
    verifier->step = NULL;
    TRY(verify_card(verifier));
    if (verifier->faults == faults) /* else it would say the same again */
        TRY(verify_learner(verifier));
    if (verifier->seconds > lesson_seconds * verifier->spec->seeds)
        verify_fault(verifier, 1, "V10", "its solutions took %.0f s, and a lesson has 60 s",
                     verifier->seconds);
    return ok();
}

/* `whole`: nothing stopped it. */
static void tell_lesson(const Verifier *verifier, int faults, bool whole)
{
    const char *verdict = verifier->faults > faults ? "FAULTS" : whole ? "ok" : "not finished";
    Text line = {0};

    text_printf(&line, "%-24s %s  %d attempts", verifier->lesson->id, verdict, verifier->attempts);
    if (isfinite(verifier->least_margin))
        text_printf(&line, "  least margin %.0f%%", verifier->least_margin * 100.0);
    repl_print(verifier->repl, "%s\n", text_chars(&line));
    text_release(&line);
}

/* On one line. */
static void append_folded(const char *text, Text *line)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        text_append_bytes(line, text, length);
        text += length + strspn(text + length, "\n ");
        text_append(line, *text != '\0' ? " " : "");
    }
}

/* What nobody who wrote the lesson has read: to be looked up before it is printed again. */
static void tell_second_hand(Verifier *verifier)
{
    const Block *source;

    for (int n = 0; (source = step_block(&verifier->lesson->header, BLOCK_SOURCE, n)) != NULL;
         n++) {
        const char *text = source_second_hand(source);
        Text line = {0};

        if (text == NULL)
            continue;
        verifier->second_hand++;
        append_folded(text, &line);
        repl_print(verifier->repl, "%s:%d: at second hand: [%s] %s\n", verifier->lesson->path,
                   source->line, source->name, text_chars(&line));
        text_release(&line);
    }
}

static Status check_file(Verifier *verifier, const char *path)
{
    int faults = verifier->faults;
    Status status = teacher_read(verifier->repl, path, &verifier->lesson);

    verifier->attempts = 0;
    verifier->seconds = 0.0;
    verifier->least_margin = (double)INFINITY;
    if (failed(status)) {
        repl_print(verifier->repl, "%s\n", status.text);
        verifier->faults++;
        verifier->lesson = NULL;
        return ok();
    }
    status = verify_lesson(verifier);
    tell_lesson(verifier, faults, !failed(status));
    tell_second_hand(verifier);
    lesson_free(verifier->lesson);
    verifier->lesson = NULL;
    return status;
}

static bool in_course(const Course *course, const char *id)
{
    for (size_t i = 0; i < course->count; i++)
        if (strcmp(course->lines[i].id, id) == 0)
            return true;
    return false;
}

/* Every file stands in course.idx. */
static void check_files(Verifier *verifier, const Course *course)
{
    Text folder = {0};
    DIR *all;

    text_append_bytes(&folder, course->index,
                      (size_t)(strrchr(course->index, '/') - course->index));
    all = opendir(text_chars(&folder));
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the listing is this thread's own */
    for (const struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        const char *dot = strstr(entry->d_name, ".lesson");
        char id[LESSON_ID];

        if (dot == NULL || dot[7] != '\0' || dot - entry->d_name >= LESSON_ID)
            continue;
        text_copy(id, (size_t)(dot - entry->d_name) + 1, entry->d_name);
        if (!in_course(course, id))
            verify_fault(verifier, 1, "V16", "course.idx does not list %s", entry->d_name);
    }
    if (all != NULL)
        closedir(all);
    text_release(&folder);
}

/* What a lesson needs stands before it, so that nothing needs itself in the end. */
static void check_needs(Verifier *verifier, const Course *course, size_t at)
{
    const Block *needs;
    const char *words;
    char id[LESSON_ID];

    if (failed(teacher_read(verifier->repl, course->lines[at].path, &verifier->lesson)))
        return;
    needs = step_block(&verifier->lesson->header, BLOCK_NEEDS, 0);
    for (words = needs == NULL ? "" : needs->text; *words != '\0';) {
        bool before = false;

        take_word(&words, id, sizeof id);
        for (size_t i = 0; i < at; i++)
            before |= strcmp(course->lines[i].id, id) == 0;
        if (!before)
            verify_fault(verifier, needs->line, "V16",
                         "it needs %s, which does not come before it "
                         "in the course",
                         id);
    }
    lesson_free(verifier->lesson);
    verifier->lesson = NULL;
}

static Status check_course(Verifier *verifier)
{
    Course course = {0};
    Status status = course_read(&course);

    if (!failed(status))
        check_files(verifier, &course);
    for (size_t i = 0; i < course.count && !failed(status); i++) {
        verifier->step = NULL;
        check_needs(verifier, &course, i);
        status = check_file(verifier, course.lines[i].path);
    }
    course_release(&course);
    return status;
}

static Status check_named(Verifier *verifier)
{
    const char *words = verifier->spec->names;
    char word[512];

    while (*words != '\0') {
        take_word(&words, word, sizeof word);
        TRY(check_file(verifier, word));
    }
    return ok();
}

Status lesson_check(Repl *repl, const CheckSpec *spec)
{
    Verifier verifier = {.repl = repl, .spec = spec};
    Teacher *teacher = teacher_of(repl);
    Script *script = repl->script; /* whose globals are the learner's own */
    char lang[LANG_TEXT];
    Status status, back;

    if (teacher->lesson != NULL)
        return fail(STATUS_USAGE, "a lesson runs; `lesson off` leaves it, then check");
    text_copy(lang, sizeof lang, teacher->lang);
    text_copy(teacher->lang, LANG_TEXT, "en");
    if (!repl->in_lua)
        repl->script = NULL;
    repl->quiet = true; /* nobody asked for what is kept, and comes back */
    teacher_keep_own(repl);
    repl->quiet = false;
    teacher->checking = true;
    status = spec->names == NULL ? check_course(&verifier) : check_named(&verifier);
    teacher->checking = false;
    if (!repl->in_lua) {
        script_free(repl->script);
        repl->script = script;
    }
    teacher->seed = repl->fresh.seed;
    text_copy(teacher->lang, LANG_TEXT, lang);
    past_release(&repl->past);
    back = teacher_bring_back_own(repl);
    TRY(status);
    TRY(back);
    if (verifier.warnings > 0)
        repl_note(repl, "%d warning%s", verifier.warnings, verifier.warnings == 1 ? "" : "s");
    if (verifier.second_hand > 0)
        repl_note(repl, "%d source%s at second hand", verifier.second_hand,
                  verifier.second_hand == 1 ? "" : "s");
    if (verifier.faults == 0)
        return ok();
    return fail(STATUS_USAGE, "%d fault%s found, listed above", verifier.faults,
                verifier.faults == 1 ? " was" : "s were");
}
