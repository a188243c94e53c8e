#include "repl/teacher_tell.h"

#include "lesson/course.h"
#include "repl/measure.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

enum { ATTEMPTS_HINT = 1, ATTEMPTS_SOLUTION = 3 };

/* Prose of the step behind what was just said. */
void teacher_say(Repl *repl, const char *before, const char *prose, bool sources)
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
void teacher_tell_prediction(Repl *repl)
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
    teacher_say(repl, text_chars(&line), "", false);
    teacher_say(repl, "", step_prose(teacher->asked, BLOCK_WHY), true);
    teacher_say(repl, "", step_prose(teacher->asked, BLOCK_DEBRIEF), true);
    teacher->predicted = NULL;
    text_release(&line);
}

/* The lesson behind this one in the course, where there is one. */
static void tell_end(Repl *repl)
{
    const Teacher *teacher = repl->teacher;
    Course course = {0};
    Lesson *then = NULL;
    Text line = {0};
    int at;

    at = failed(course_read(&course)) ? -1 : course_find(&course, teacher->lesson->id);
    if (at >= 0 && (size_t)at + 1 < course.count &&
        !failed(teacher_read(repl, course.lines[at + 1].path, &then))) {
        const char *const words[] = {course.lines[at + 1].label[0] != '\0'
                                         ? course.lines[at + 1].label
                                         : course.lines[at + 1].id,
                                     step_prose(&then->header, BLOCK_TITLE), NULL};

        said_fill(said(teacher, SAID_THEN), words, &line);
        lesson_free(then);
    } else {
        text_append(&line, said(teacher, SAID_END));
    }
    teacher_say(repl, text_chars(&line), "", false);
    course_release(&course);
    text_release(&line);
}

void teacher_tell_way_on(Repl *repl)
{
    const Teacher *teacher = repl->teacher;

    if ((size_t)teacher->at + 1 < teacher->lesson->step_count)
        teacher_say(repl, said(teacher, SAID_NEXT), "", false);
    else
        tell_end(repl);
}

void teacher_tell_not_yet(Repl *repl)
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
    teacher_say(repl, text_chars(&line), "", false);
    if (teacher->attempts == ATTEMPTS_HINT || teacher->attempts == ATTEMPTS_HINT + 1)
        teacher_say(repl, said(teacher, SAID_HINT_OFFER), "", false);
    else if (teacher->attempts >= ATTEMPTS_SOLUTION)
        teacher_say(repl, said(teacher, SAID_SOLUTION_OFFER), "", false);
    text_release(&line);
}

/* What the step still waits for. */
void teacher_tell_stay(Repl *repl)
{
    const Teacher *teacher = repl->teacher;
    const Step *step = teacher_step(teacher);
    const char *words[] = {NULL, NULL};
    Text line = {0};

    if (step->kind == STEP_DO)
        words[0] = check_message(&step->checks[teacher->verdict.first]);
    said_fill(said(teacher, step->kind == STEP_DO ? SAID_STAY : SAID_ASKED), words, &line);
    teacher_say(repl, text_chars(&line), "", false);
    text_release(&line);
}
