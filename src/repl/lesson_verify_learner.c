/* What a learner does besides the attempts: skips steps, goes on from one to the next, tries other things, goes
 * away and comes back. It is done as at the prompt, with a teacher and a record of its own. */
#include "repl/lesson_verify.h"

#include "base/file.h"
#include "base/memory.h"
#include "lesson/answer.h"
#include "repl/execute.h"
#include "repl/lesson_mess.h"
#include "repl/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESS_LINES = 30 };

typedef struct Learner {
    Verifier *verifier;
    Teacher *own; /* that the session had */
    Text record;  /* the file of its progress */
    bool lost;    /* it cannot go on, and why has been said */
} Learner;

static Status type(const Learner *learner, const char *line)
{
    Repl *repl = learner->verifier->repl;
    bool prompt = repl->prompt;
    int depth = repl->depth;
    Status status;

    repl->prompt = false; /* where an interrupt is forgotten with each line */
    repl->depth = 0;
    repl->quiet = true;
    status = execute_line(repl, "", line);
    repl->quiet = false;
    repl->depth = depth;
    repl->prompt = prompt;
    return status;
}

static void stand_at(const Learner *learner, int at)
{
    learner->verifier->step = &learner->verifier->lesson->steps[at];
}

static void give_up(Learner *learner, const char *which, const char *when, const char *why)
{
    Verifier *verifier = learner->verifier;

    verify_fault(verifier, verifier->step->line, which, "%s %s", when, why);
    learner->lost = true;
}

/* What somebody has who starts halfstep anew. */
static void sit_down(Learner *learner)
{
    Repl *repl = learner->verifier->repl;
    Teacher *teacher = xcalloc(1, sizeof *teacher);
    Text trouble = {0};
    Status status;

    teacher->card = -1;
    teacher->seed = learner->own->seed;
    teacher->ledger_path = xstrdup(text_chars(&learner->record));
    text_copy(teacher->lang, LANG_TEXT, learner->own->lang);
    status = ledger_open(teacher->ledger_path, &teacher->ledger, &trouble);
    if (failed(status) || trouble.length > 0)
        give_up(learner, "V7", "the record of progress cannot be read:",
                failed(status) ? status.text : text_chars(&trouble));
    text_release(&trouble);
    repl->teacher = teacher;
}

static void stand_up(const Learner *learner)
{
    Repl *repl = learner->verifier->repl;

    if (repl->teacher != learner->own)
        teacher_free(repl->teacher);
    repl->teacher = learner->own;
}

/* Begins the lesson where the record says that this learner is. */
static Status open_lesson(Learner *learner)
{
    Verifier *verifier = learner->verifier;
    Repl *repl = verifier->repl;
    const char *path = verifier->lesson->path;
    Status status;

    stand_up(learner);
    TRY(verify_fresh(verifier));
    sit_down(learner);
    if (learner->lost)
        return ok();
    repl->quiet = true;
    /* A lesson runs already: the session's own runs have been kept, and are not kept again. */
    status = teacher_read(repl, path, &repl->teacher->lesson);
    if (!failed(status))
        status = teacher_start(repl, path);
    repl->quiet = false;
    if (failed(status) && status.code != STATUS_INTERRUPTED)
        give_up(learner, "V7", "the lesson cannot be begun:", status.text);
    return status.code == STATUS_INTERRUPTED ? status : ok();
}

static Status begin_at(Learner *learner, int at)
{
    const Verifier *verifier = learner->verifier;
    const Lesson *lesson = verifier->lesson;
    Ledger ledger = {.count = 0};
    Status status;

    (void)unlink(text_chars(&learner->record));
    stand_at(learner, at);
    ledger_place(&ledger, lesson->id, lesson->steps[at].id);
    status = ledger_write(text_chars(&learner->record), &ledger);
    ledger_release(&ledger);
    if (!failed(status))
        return open_lesson(learner);
    give_up(learner, "V7", "no record of progress can be kept:", status.text);
    return ok();
}

/* Must be in that step. */
static void expect_at(Learner *learner, int at, const char *which, const char *when)
{
    const Teacher *teacher = learner->verifier->repl->teacher;

    stand_at(learner, at);
    if (learner->lost)
        return;
    if (teacher->at != at)
        give_up(learner, which, when, "another step is shown");
    else if (teacher->passed)
        give_up(learner, which, when, "the step counts as passed");
}

/* A verb, behind which the learner is in step `at`. */
static Status go(Learner *learner, const char *verb, int at, const char *which)
{
    Status status = type(learner, verb);

    if (status.code == STATUS_INTERRUPTED)
        return status;
    if (failed(status))
        give_up(learner, which, "`lesson` does not go on:", status.text);
    else
        expect_at(learner, at, which, verb);
    return ok();
}

/* The solution of the step that the learner is in, line by line, as the lesson looks on. */
static Status must_pass(Learner *learner, const char *which, const char *when)
{
    Verifier *verifier = learner->verifier;
    const Block *solution = step_block(verifier->step, BLOCK_SOLUTION, 0);
    const Teacher *teacher = verifier->repl->teacher;
    const char *at = solution->commands;
    Status status = ok();

    verifier->attempts++;
    while (*at != '\0' && !failed(status)) {
        size_t length = strcspn(at, "\n");
        Text line = {0};

        text_append_bytes(&line, at, length);
        status = type(learner, text_chars(&line));
        text_release(&line);
        at += length + (at[length] == '\n');
    }
    if (status.code == STATUS_INTERRUPTED)
        return status;
    if (failed(status))
        verify_fault(verifier, solution->line, which, "%s its commands fail: %s", when,
                     status.text);
    else if (!teacher->passed)
        verify_fault(verifier, solution->line, which, "%s it does not pass: %s", when,
                     verifier->step->checks[teacher->verdict.first].message);
    learner->lost |= !teacher->passed;
    return ok();
}

/* V8. Each step in turn is entered from one that was skipped. */
static Status skip_through(Learner *learner)
{
    const Lesson *lesson = learner->verifier->lesson;
    int count = (int)lesson->step_count;

    TRY(begin_at(learner, 0));
    for (int at = 0; at + 1 < count && !learner->lost; at++) {
        TRY(go(learner, "lesson skip", at + 1, "V8"));
        if (learner->lost || lesson->steps[at + 1].kind != STEP_DO)
            continue;
        TRY(must_pass(learner, "V8", "where the step before was skipped"));
        if (!learner->lost)
            TRY(go(learner, "lesson restart", at + 1, "V8"));
    }
    return ok();
}

static Status answer(Learner *learner)
{
    const Step *step = learner->verifier->step;
    Text line = {0};
    Status status;

    text_printf(&line, "lesson answer %s", answer_right(step));
    status = type(learner, text_chars(&line));
    text_release(&line);
    if (status.code == STATUS_INTERRUPTED)
        return status;
    if (failed(status) || !learner->verifier->repl->teacher->passed)
        give_up(learner, "V11", "the right answer is not taken", status.text);
    return ok();
}

/* V7. From one step to the next, as somebody goes who makes no mistake. */
static Status solve_through(Learner *learner)
{
    const Lesson *lesson = learner->verifier->lesson;
    int count = (int)lesson->step_count;

    TRY(begin_at(learner, 0));
    for (int at = 0; at < count && !learner->lost; at++) {
        stand_at(learner, at);
        if (lesson->steps[at].kind == STEP_DO)
            TRY(must_pass(learner, "V7", "behind the steps before it"));
        else if (step_asks(&lesson->steps[at]))
            TRY(answer(learner));
        if (!learner->lost && at + 1 < count)
            TRY(go(learner, "lesson next", at + 1, "V7"));
    }
    return ok();
}

/* Whatever comes of it. */
static Status make_mess(const Learner *learner, uint32_t which)
{
    for (int n = 0; n < MESS_LINES; n++) {
        Status status = type(learner, mess_line(learner->verifier->lesson->id, which, n));

        if (status.code == STATUS_INTERRUPTED)
            return status;
    }
    return ok();
}

/* V7. Away in the midst of something else, and back; then something else again, and the step anew. */
static Status come_back(Learner *learner, int at)
{
    TRY(begin_at(learner, at));
    expect_at(learner, at, "V7", "for a learner who was in it");
    if (learner->lost)
        return ok();
    TRY(make_mess(learner, 2 * (uint32_t)at));
    if (learner->verifier->repl->teacher->passed) /* by chance: then the next one comes */
        TRY(begin_at(learner, at));
    else
        TRY(open_lesson(learner));
    expect_at(learner, at, "V7", "for a learner who left it and came back");
    if (!learner->lost)
        TRY(must_pass(learner, "V7", "left and come back to"));
    if (learner->lost)
        return ok();
    TRY(make_mess(learner, 2 * (uint32_t)at + 1));
    TRY(go(learner, "lesson restart", at, "V7"));
    if (!learner->lost)
        TRY(must_pass(learner, "V7", "behind 30 other commands and `lesson restart`"));
    return ok();
}

static Status go_about(Learner *learner)
{
    const Lesson *lesson = learner->verifier->lesson;

    TRY(skip_through(learner));
    learner->lost = false;
    TRY(solve_through(learner));
    for (size_t i = 0; i < lesson->step_count; i++) {
        learner->lost = false;
        if (lesson->steps[i].kind == STEP_DO)
            TRY(come_back(learner, (int)i));
    }
    return ok();
}

Status verify_learner(Verifier *verifier)
{
    Learner learner = {.verifier = verifier, .own = verifier->repl->teacher};
    Text lock = {0};
    char name[64];
    Status status;

    learner.own->seed = 1;
    snprintf(name, sizeof name, "check-%ld.txt", (long)getpid());
    TRY(file_state_path(name, &learner.record));
    status = go_about(&learner);
    stand_up(&learner);
    verifier->step = NULL;
    text_printf(&lock, "%s.lock", text_chars(&learner.record));
    (void)unlink(text_chars(&learner.record));
    (void)unlink(text_chars(&lock));
    text_release(&lock);
    text_release(&learner.record);
    return status;
}
