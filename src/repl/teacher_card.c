/* lesson present: the card for somebody who stands before a class. The next command is typed into the
 * prompt, and runs when Enter is pressed; the notes are for the teacher. */
#include "repl/teacher.h"

#include "repl/line.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

#include <string.h>

/* Takes line *n of some commands, or counts them off. There is always one, if an empty one. */
static bool take_line(const char *commands, int *n, Text *line, bool *first)
{
    const char *at = commands;

    *first = true;
    do {
        size_t length = strcspn(at, "\n");

        if ((*n)-- == 0) {
            text_append_bytes(line, at, length);
            return true;
        }
        *first = false;
        at += length + (at[length] == '\n');
    } while (*at != '\0');
    return false;
}

/* Line n (from 0) of the commands of all notes, and whether it is the first of its note. Returns the
 * note; NULL: there is no such line. */
static const Block *find_line(const Lesson *lesson, int n, Text *line, bool *first)
{
    const Block *say;

    for (int i = 0; (say = step_block(&lesson->demo, BLOCK_SAY, i)) != NULL; i++)
        if (take_line(say->commands, &n, line, first))
            return say;
    return NULL;
}

/* The state stays: whoever presents goes on from there. */
static void end_card(Repl *repl)
{
    Teacher *teacher = repl->teacher;

    lesson_free(teacher->lesson);
    teacher->lesson = NULL;
    teacher->card = -1;
    repl_note(repl, "%s", said(teacher, SAID_CARD_END));
}

static void suggest(Repl *repl)
{
    Teacher *teacher = repl->teacher;

    if (teacher->pending.length > 0 && !line_suggest(text_chars(&teacher->pending)))
        repl_print(repl, "%s%s\n", said(teacher, SAID_SOLUTION), text_chars(&teacher->pending));
}

/* With its note, if it is the first of one, or `always`. */
static void show_line(Repl *repl, bool always)
{
    Teacher *teacher = repl->teacher;
    const Block *note;
    Text page = {0};
    bool first;

    text_clear(&teacher->pending);
    teacher->ran = false;
    note = find_line(teacher->lesson, teacher->card, &teacher->pending, &first);
    if (note == NULL) {
        end_card(repl);
        return;
    }
    if (first || always) {
        page_wrap(block_prose(note), page_columns(repl), "  ", &page);
        repl_print(repl, "%s", text_chars(&page));
        text_release(&page);
    }
    suggest(repl);
}

Status teacher_present(Repl *repl, const char *word)
{
    Teacher *teacher = teacher_of(repl);
    Lesson *lesson = NULL;

    if (teacher->lesson != NULL && teacher->card < 0)
        return fail(STATUS_USAGE, "a lesson runs; `lesson off` leaves it, then present");
    TRY(teacher_read(repl, word, &lesson));
    if (step_block(&lesson->demo, BLOCK_SAY, 0) == NULL) {
        Status status = fail(STATUS_USAGE, "lesson %s has no card to present; try `lesson %s`",
                             lesson->id, lesson->id);

        lesson_free(lesson);
        return status;
    }
    lesson_free(teacher->lesson);
    teacher->lesson = lesson;
    teacher->predicted = NULL;
    teacher->at = 0;
    teacher->card = 0;
    show_line(repl, true);
    return ok();
}

void teacher_card_move(Repl *repl, int by)
{
    Teacher *teacher = repl->teacher;

    teacher->card = teacher->card + by < 0 ? 0 : teacher->card + by;
    show_line(repl, by <= 0);
}

const char *teacher_card_note(const Teacher *teacher)
{
    Text line = {0};
    bool first;
    const Block *note = find_line(teacher->lesson, teacher->card, &line, &first);

    text_release(&line);
    return note == NULL ? "" : block_prose(note);
}

int teacher_card_lines(const Teacher *teacher)
{
    Text line = {0};
    bool first;
    int lines = 0;

    while (find_line(teacher->lesson, lines, &line, &first) != NULL)
        lines++;
    text_release(&line);
    return lines;
}

void teacher_card_look(Repl *repl)
{
    if (repl->teacher->ran)
        teacher_card_move(repl, 1);
    else
        (void)line_suggest(text_chars(&repl->teacher->pending));
}

void teacher_card_typed(Teacher *teacher, const char *line)
{
    teacher->ran |= teacher->pending.length > 0 && strcmp(line, text_chars(&teacher->pending)) == 0;
}
