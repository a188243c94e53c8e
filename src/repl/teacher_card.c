/* lesson present: the card for somebody who stands before a class. The next command is typed into the
 * prompt, and runs when Enter is pressed; the notes are for the teacher. */
#include "repl/teacher.h"

#include "repl/line.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

#include <string.h>

static Status begin(Repl *repl, const char *word)
{
    Teacher *teacher = teacher_of(repl);
    Lesson *lesson = NULL;

    TRY(teacher_read(repl, word, &lesson));
    if (step_block(&lesson->demo, BLOCK_SAY, 0) == NULL) {
        Status status = fail(STATUS_USAGE, "lesson %s has no card to present; try `lesson %s`",
                             lesson->id, lesson->id);

        lesson_free(lesson);
        return status;
    }
    teacher_keep_own(repl);
    lesson_free(teacher->lesson);
    teacher->lesson = lesson;
    teacher->predicted = NULL;
    teacher->at = 0;
    teacher->card = 0;
    return ok();
}

/* Line n (from 0) of the commands of all notes; the note that it belongs to, where it is its first. */
static bool find_line(const Lesson *lesson, int n, Text *line, const Block **note)
{
    const Block *say;

    for (int i = 0; (say = step_block(&lesson->demo, BLOCK_SAY, i)) != NULL; i++) {
        const char *at = say->commands;

        for (bool first = true; *at != '\0' || first; first = false) {
            size_t length = strcspn(at, "\n");

            if (n-- == 0) {
                text_append_bytes(line, at, length);
                *note = first ? say : NULL;
                return true;
            }
            at += length + (at[length] == '\n');
        }
    }
    return false;
}

Status teacher_present(Repl *repl, const char *word)
{
    Teacher *teacher;
    const Block *note = NULL;
    Text line = {0}, page = {0};

    if (word != NULL)
        TRY(begin(repl, word));
    teacher = repl->teacher;
    if (!find_line(teacher->lesson, teacher->card, &line, &note)) {
        teacher->card = -1;
        return teacher_leave(repl);
    }
    teacher->card++;
    if (note != NULL) {
        page_wrap(block_prose(note), page_columns(repl), "  ", &page);
        repl_print(repl, "%s", text_chars(&page));
    }
    if (line.length > 0 && !line_suggest(text_chars(&line)))
        repl_print(repl, "%s%s\n", said(teacher, SAID_SOLUTION), text_chars(&line));
    text_release(&line);
    text_release(&page);
    return ok();
}
