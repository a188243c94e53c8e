/* What lessons leave behind: the list, a transcript, a report for the teacher, a new lesson.
 */
#ifndef REPL_TEACHER_FILES_H
#define REPL_TEACHER_FILES_H

#include "repl/teacher.h"

/* Prints each lesson with its title, its goal and how far it is. Fails: as course_read. */
Status teacher_list(Repl *repl) MUST_CHECK;

/* The lesson that runs, as Markdown: its text, and what was typed. Fails: STATUS_USAGE, STATUS_IO. */
Status teacher_export(Repl *repl, const char *path) MUST_CHECK;

/* Every step of every lesson as CSV: lesson,step,kind,verdict,attempts,hints,solution,version. NULL:
 * printed. Fails: STATUS_IO. */
Status teacher_report(Repl *repl, const char *path) MUST_CHECK;

/* A skeleton NAME.lesson in the present folder. Fails: STATUS_USAGE, STATUS_IO: also where there is one. */
Status teacher_new(Repl *repl, const char *name) MUST_CHECK;

/* Writes the sidecar of a lesson in this language anew: hashes of the present source, TODO where a
 * translation is missing. Fails: STATUS_USAGE, STATUS_IO. */
Status teacher_stamp(Repl *repl, const char *word, const char *lang) MUST_CHECK;

/* Keeps what the room voted, for the transcript. */
void teacher_vote(Repl *repl, const char *votes);

/* Keeps the line for the transcript. */
void teacher_typed(Repl *repl, const char *line);

#endif
