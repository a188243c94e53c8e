/* What is typed while a lesson runs, and what the lesson answers. */
#include "repl/teacher.h"

#include "base/file.h"
#include "base/number.h"
#include "lesson/answer.h"
#include "repl/line.h"
#include "repl/measure.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS_HINT = 1, ATTEMPTS_SOLUTION = 3 };

static const char *const verbs[] = {"next",    "back", "hint",   "solution", "skip",
                                    "restart", "play", "answer", "poll",     NULL};

void teacher_fold(const char *word, Text *folded)
{
    answer_fold(word, folded);
}

/* Even where it is none of the choices: it was meant as one. */
static bool is_letter(const char *word)
{
    return isalpha((unsigned char)word[0]) != 0 && word[1] == '\0';
}

bool teacher_takes(const Repl *repl, const char *word)
{
    const Block *choice;
    Text folded = {0};
    bool takes = false;

    if (!teacher_on(repl))
        return false;
    answer_fold(word, &folded);
    for (int i = 0; verbs[i] != NULL; i++)
        takes |= strcmp(verbs[i], text_chars(&folded)) == 0;
    if (!takes && repl->teacher->card < 0 && step_asks(teacher_step(repl->teacher)))
        takes = is_letter(text_chars(&folded)) ||
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

/* Prose of the step behind what was just said. */
static void say(Repl *repl, const char *before, const char *prose, bool sources)
{
    Teacher *teacher = repl->teacher;
    Snapshot snapshot = {0};
    Text whole = {0}, page = {0};

    if (before[0] == '\0' && prose[0] == '\0')
        return;
    if (failed(measure(repl, judge_needs(teacher_step(teacher)), &snapshot)))
        session_snapshot(repl->session, &snapshot);
    snapshot.past = &repl->past;
    text_append(&whole, before);
    text_append(&whole, prose);
    page_prose(text_chars(&whole), &snapshot, page_columns(repl), "", &page);
    if (sources)
        page_sources(teacher->lesson, prose, page_columns(repl), &page);
    repl_print(repl, "%s", text_chars(&page));
    text_release(&whole);
    text_release(&page);
    snapshot_release(&snapshot);
}

/* What was predicted before, now that it has been seen. */
static void tell_prediction(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Block *chosen = teacher->predicted, *right;
    const char *words[3] = {NULL};
    Text line = {0};

    if (chosen == NULL)
        return;
    right = step_block(teacher->asked, BLOCK_RIGHT, 0);
    words[0] = block_prose(chosen);
    words[1] = block_prose(right);
    said_fill(said(teacher, chosen == right ? SAID_PREDICTED_RIGHT : SAID_PREDICTED_WRONG), words,
              &line);
    say(repl, text_chars(&line), "", false);
    say(repl, "", step_prose(teacher->asked, BLOCK_WHY), true);
    say(repl, "", step_prose(teacher->asked, BLOCK_DEBRIEF), true);
    teacher->predicted = NULL;
    text_release(&line);
}

static void tell_way_on(Repl *repl)
{
    const Teacher *teacher = repl->teacher;
    bool last = (size_t)teacher->at + 1 == teacher->lesson->step_count;

    say(repl, said(teacher, last ? SAID_END : SAID_NEXT), "", false);
}

void teacher_pass(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);

    teacher->passed = true;
    mark_of(teacher)->verdict = VERDICT_DONE;
    teacher_record(repl);
    if (step->kind == STEP_DO) {
        say(repl, said(teacher, SAID_DONE), step_prose(step, BLOCK_DEBRIEF), true);
        tell_prediction(repl);
        tell_way_on(repl);
    }
}

static bool same_verdict(const Verdict *a, const Verdict *b)
{
    return memcmp(a->held, b->held, sizeof a->held) == 0;
}

static void tell_not_yet(Repl *repl)
{
    const Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    const Verdict *verdict = &teacher->verdict;
    const Check *check = &step->checks[verdict->first];
    char holding[NUMBER_TEXT], count[NUMBER_TEXT];
    const char *const words[] = {phrase_count(verdict->holding, holding),
                                 phrase_count(step->check_count, count), NULL};
    Text line = {0};

    said_fill(said(teacher, SAID_NOT_YET), words, &line);
    text_append(&line, check_message(check));
    if (failed(verdict->trouble[verdict->first]))
        text_printf(&line, " (%s)", verdict->trouble[verdict->first].text);
    say(repl, text_chars(&line), "", false);
    if (teacher->attempts == ATTEMPTS_HINT || teacher->attempts == ATTEMPTS_HINT + 1)
        say(repl, said(teacher, SAID_HINT_OFFER), "", false);
    else if (teacher->attempts >= ATTEMPTS_SOLUTION)
        say(repl, said(teacher, SAID_SOLUTION_OFFER), "", false);
    text_release(&line);
}

/* A training or a look since the last time is an attempt. */
static bool count_attempt(const Repl *repl, Teacher *teacher)
{
    bool tried =
        repl->past.run_count != teacher->trainings || repl->past.looked_count != teacher->looks;

    teacher->trainings = repl->past.run_count;
    teacher->looks = repl->past.looked_count;
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
    if (!teacher_on(repl) || teacher->passed || teacher->kept != NULL || teacher->card >= 0 ||
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
        tell_not_yet(repl);
        (void)mark_of(teacher);
        teacher_record(repl);
    }
}

bool teacher_tick(Repl *repl)
{
    if (session_training(repl->session) || session_trainings(repl->session) == repl->trainings)
        return false;
    measure_ended(repl);
    teacher_look(repl);
    return true;
}

static Status come_back(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    Text what = {0};
    Status status;

    session_pause(repl->session);
    status = session_load(repl->session, teacher->kept, &what);
    text_release(&what);
    if (failed(status))
        return status;
    (void)unlink(teacher->kept);
    free(teacher->kept);
    teacher->kept = NULL;
    repl->trainings = session_trainings(repl->session);
    repl_note(repl, "%s", said(teacher, SAID_BACK));
    return teacher_start(repl, NULL);
}

static Status go_on(Repl *repl)
{
    const Teacher *teacher = repl->teacher;

    if ((size_t)teacher->at + 1 < teacher->lesson->step_count)
        return teacher_enter(repl, teacher->at + 1);
    tell_way_on(repl);
    return ok();
}

/* What the step still waits for. */
static void tell_stay(Repl *repl)
{
    const Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    const char *words[] = {NULL, NULL};
    Text line = {0};

    if (step->kind == STEP_DO)
        words[0] = check_message(&step->checks[teacher->verdict.first]);
    said_fill(said(teacher, step->kind == STEP_DO ? SAID_STAY : SAID_ASKED), words, &line);
    say(repl, text_chars(&line), "", false);
    text_release(&line);
}

Status teacher_next(Repl *repl)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);

    if (teacher->kept != NULL)
        return come_back(repl);
    if (teacher->card >= 0) {
        teacher_card_next(repl);
        return ok();
    }
    if (!teacher->passed && (step->kind == STEP_DO || step_asks(step))) {
        tell_stay(repl);
        return ok();
    }
    if (!teacher->passed)
        teacher_pass(repl);
    return go_on(repl);
}

Status teacher_back(Repl *repl)
{
    const Teacher *teacher = repl->teacher;

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
        say(repl, "", block_prose(step_block(step, BLOCK_HINT, teacher->hints++)), true);
    else if (step->kind == STEP_DO)
        say(repl, said(teacher, SAID_NO_HINTS), "", false);
    else
        return fail(STATUS_USAGE, "this step has no hint");
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
    say(repl, text_chars(&line), "", false);
    text_release(&line);
    teacher_pass(repl);
    tell_way_on(repl);
}

Status teacher_answer(Repl *repl, const char *typed)
{
    Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    const Block *choice = NULL;
    Answer judged;

    if (!step_asks(step))
        return fail(STATUS_USAGE, "nothing is asked in this step");
    judged = answer_judge(step, typed, &choice);
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
        say(repl, said(teacher, SAID_WRONG), "", false);
        return ok();
    }
    say(repl, said(teacher, SAID_RIGHT), step_prose(step, BLOCK_WHY), true);
    teacher_pass(repl);
    say(repl, "", step_prose(step, BLOCK_DEBRIEF), true);
    tell_way_on(repl);
    return ok();
}
