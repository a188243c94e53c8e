/* What is typed while a lesson runs, and what the lesson answers. */
#include "repl/teacher.h"

#include "base/file.h"
#include "base/number.h"
#include "lesson/answer.h"
#include "repl/line.h"
#include "repl/measure.h"
#include "repl/state.h"
#include "repl/teacher_page.h"
#include "repl/teacher_tell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const verbs[] = {"next",    "back", "hint",   "solution", "skip",
                                    "restart", "play", "answer", "poll",     NULL};

void teacher_fold(const char *word, Text *folded)
{
    answer_fold(word, folded);
}

/* A letter, even where it is none of the choices, or a number, which no command is: it was meant as
 * one. */
static bool meant_as_answer(const char *word)
{
    return (isalpha((unsigned char)word[0]) != 0 && word[1] == '\0') ||
           isdigit((unsigned char)word[0]) != 0;
}

bool teacher_verb(const char *word)
{
    Text folded = {0};
    bool found = false;

    answer_fold(word, &folded);
    for (int i = 0; verbs[i] != NULL; i++)
        found |= strcmp(verbs[i], text_chars(&folded)) == 0;
    text_release(&folded);
    return found;
}

bool teacher_takes(const Repl *repl, const char *word)
{
    const Block *choice;
    Text folded = {0};
    bool takes = teacher_verb(word);

    if (!teacher_on(repl))
        return false;
    answer_fold(word, &folded);
    if (!takes && repl->teacher->card < 0 && step_asks(teacher_step(repl->teacher)))
        takes = meant_as_answer(text_chars(&folded)) ||
                answer_judge(teacher_step(repl->teacher), word, &choice) != ANSWER_NONE;
    text_release(&folded);
    return takes;
}

static StepMark *mark_of(Teacher *teacher)
{
    const Step *step = teacher_step(teacher);
    StepMark *mark = ledger_mark(&teacher->ledger, teacher->lesson->id, step->id);

    mark->version = teacher->lesson->version;
    mark->attempts = teacher->attempts > mark->attempts ? teacher->attempts : mark->attempts;
    mark->hints = teacher->hints > mark->hints ? teacher->hints : mark->hints;
    return mark;
}

Status teacher_judge(Repl *repl, const Step *step, Verdict *verdict)
{
    Snapshot snapshot = {0};
    Status status = measure(repl, judge_needs(step), &snapshot);

    if (!failed(status))
        *verdict = judge(step, &snapshot);
    snapshot_release(&snapshot);
    return status;
}

void teacher_pass(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);

    teacher->passed = true;
    mark_of(teacher)->verdict = VERDICT_DONE;
    teacher_record(repl);
    if (step->kind == STEP_DO) {
        teacher_say(repl, said(teacher, SAID_DONE), step_prose(step, BLOCK_DEBRIEF), true);
        teacher_tell_prediction(repl);
        teacher_tell_way_on(repl);
    }
}

static bool same_verdict(const Verdict *a, const Verdict *b)
{
    return memcmp(a->held, b->held, sizeof a->held) == 0;
}

/* A training, a look or a sum since the last time is an attempt. */
static bool count_attempt(const Repl *repl, Teacher *teacher)
{
    int64_t looks = repl->past.looked_count + repl->past.sum_count;
    bool tried = repl->past.run_count != teacher->trainings || looks != teacher->looks;

    teacher->trainings = repl->past.run_count;
    teacher->looks = looks;
    teacher->attempts += tried;
    return tried;
}

void teacher_look(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Verdict verdict;
    bool tried;

    if (!teacher_on(repl))
        return;
    if (teacher->card >= 0)
        teacher_card_look(repl);
    else
        teacher_reread(repl);
    if (!teacher_on(repl) || teacher->passed || teacher->playing || teacher->card >= 0 ||
        teacher_step(teacher)->kind != STEP_DO || session_training(repl->session))
        return;
    tried = count_attempt(repl, teacher);
    if (failed(teacher_judge(repl, teacher_step(teacher), &verdict)))
        return;
    tried |= !same_verdict(&verdict, &teacher->verdict);
    teacher->verdict = verdict;
    if (verdict.passed) {
        teacher_pass(repl);
    } else if (tried) {
        teacher_tell_not_yet(repl);
        (void)mark_of(teacher);
        teacher_record(repl);
    }
}

bool teacher_tick(Repl *repl)
{
    if (session_training(repl->session) || session_trainings(repl->session) == repl->trainings)
        return false;
    measure_ended(repl);
    if (teacher_on(repl) && repl->teacher->card < 0)
        teacher_look(repl);
    return true;
}

static Status go_on(Repl *repl)
{
    const Teacher *teacher = repl->teacher;

    if ((size_t)teacher->at + 1 < teacher->lesson->step_count)
        return teacher_enter(repl, teacher->at + 1);
    teacher_tell_way_on(repl);
    return ok();
}

Status teacher_next(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);

    if (teacher->playing) {
        TRY(teacher_come_back(repl));
        return teacher_start(repl, NULL);
    }
    if (teacher->card >= 0) {
        teacher_card_move(repl, 1);
        return ok();
    }
    if (teacher->passed || mark_of(teacher)->verdict == VERDICT_DONE)
        return go_on(repl); /* one may come back to a step, to read it */
    if (step->kind == STEP_DO || step_asks(step)) {
        teacher_tell_stay(repl);
        return ok();
    }
    teacher_pass(repl);
    return go_on(repl);
}

Status teacher_back(Repl *repl)
{
    const Teacher *teacher = repl->teacher;

    if (teacher->card >= 0) {
        teacher_card_move(repl, -1);
        return ok();
    }
    if (teacher->at == 0)
        return fail(STATUS_USAGE, "this is the first step");
    return teacher_enter(repl, teacher->at - 1);
}

Status teacher_skip(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    StepMark *mark = mark_of(teacher);

    if (mark->verdict == VERDICT_OPEN)
        mark->verdict = VERDICT_SKIPPED;
    teacher_record(repl);
    repl_note(repl, "%s", said(teacher, SAID_SKIPPED));
    return go_on(repl);
}

Status teacher_restart(Repl *repl)
{
    return teacher_enter(repl, repl->teacher->at);
}

Status teacher_hint(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    int count = step_count(step, BLOCK_HINT);

    if (teacher->hints < count)
        teacher_say(repl, "", block_prose(step_block(step, BLOCK_HINT, teacher->hints++)), true);
    else if (step->kind == STEP_DO || (step->kind == STEP_QUIZ && count > 0))
        teacher_say(repl, said(teacher, SAID_NO_HINTS), "", false);
    else
        return fail(STATUS_USAGE, "this step has no %shint", count > 0 ? "further " : "");
    (void)mark_of(teacher);
    teacher_record(repl);
    return ok();
}

/* One line of it: `;` between commands. */
static void join(const char *commands, Text *line)
{
    while (*commands != '\0') {
        size_t length = strcspn(commands, "\n");

        text_append(line, line->length > 0 && length > 0 ? "; " : "");
        text_append_bytes(line, commands, length);
        commands += length + (commands[length] == '\n');
    }
}

Status teacher_solution(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    const Block *solution = step_block(step, BLOCK_SOLUTION, 0);
    Text line = {0};

    if (step->kind == STEP_PREDICT)
        return fail(STATUS_USAGE, "a prediction is yours, right or wrong: type what you expect");
    if (solution == NULL && !step_asks(step))
        return fail(STATUS_USAGE, "there is nothing to solve here; `next` goes on");
    if (solution != NULL)
        join(solution->commands, &line);
    else
        text_append(&line, answer_right(step));
    mark_of(teacher)->solution = true;
    teacher_record(repl);
    if (!line_suggest(text_chars(&line)))
        repl_print(repl, "%s%s\n", said(teacher, SAID_SOLUTION), text_chars(&line));
    text_release(&line);
    return ok();
}

static void answer_prediction(Repl *repl, const Block *choice)
{
    Teacher *teacher = repl->teacher;
    const char *const words[] = {block_prose(choice), NULL};
    Text line = {0};

    teacher->predicted = choice;
    teacher->asked = teacher_step(teacher);
    said_fill(said(teacher, SAID_NOTED), words, &line);
    teacher_say(repl, text_chars(&line), "", false);
    text_release(&line);
    teacher_pass(repl);
    teacher_tell_way_on(repl);
}

/* As answer_judge; blanks within an answer do not count. */
static Answer judge_words(const Step *step, const char *typed, const Block **choice)
{
    Text folded = {0}, close = {0};
    Answer judged;

    answer_fold(typed, &folded);
    for (const char *at = text_chars(&folded); *at != '\0'; at++)
        if (*at != ' ')
            text_append_bytes(&close, at, 1);
    judged = answer_judge(step, text_chars(&close), choice);
    text_release(&folded);
    text_release(&close);
    return judged;
}

Status teacher_answer(Repl *repl, const char *typed)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    const Block *choice = NULL;
    Answer judged;

    if (!step_asks(step))
        return fail(STATUS_USAGE, "nothing is asked in this step");
    judged = judge_words(step, typed, &choice);
    if (judged == ANSWER_NONE)
        return fail(
            STATUS_USAGE, "'%.40s' is no answer here; %s", typed,
            said(teacher, step_block(step, BLOCK_ANSWER, 0) != NULL ? SAID_NUMBER : SAID_ASK));
    teacher->attempts++;
    if (step->kind == STEP_PREDICT) {
        answer_prediction(repl, choice);
        return ok();
    }
    if (judged == ANSWER_WRONG) {
        (void)mark_of(teacher);
        teacher_record(repl);
        teacher_say(repl,
                    said(teacher, step_count(step, BLOCK_HINT) > 0 ? SAID_WRONG : SAID_WRONG_ALONE),
                    "", false);
        return ok();
    }
    teacher_say(repl, said(teacher, SAID_RIGHT), step_prose(step, BLOCK_WHY), true);
    teacher_pass(repl);
    teacher_say(repl, "", step_prose(step, BLOCK_DEBRIEF), true);
    teacher_tell_way_on(repl);
    return ok();
}
