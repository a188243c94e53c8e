/* Lessons in files of their own, for the tests of this folder. */
#ifndef TESTS_LESSON_ROOM_H
#define TESTS_LESSON_ROOM_H

#include "room.h"

#include "repl/teacher.h"

/* As rooms_begin; what is recorded goes into the test's own folder, too. */
void lessons_begin(void);

void put(const char *path, const char *text);

/* tiny.lesson: one step to do, which a training of so many steps passes. */
void write_lesson(int steps);

/* A session in it; ten steps pass. */
Room open_lesson(void);

/* staged.lesson: a page, and a step to do with this line at the end of its setup, line 14. */
void write_setup(const char *line);

#endif
