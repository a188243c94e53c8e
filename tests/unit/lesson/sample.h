/* A lesson that is right, and ways to spoil it. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include "lesson/lesson.h"

extern const char sample[];

/* Reads it; the test fails where that does. Caller frees. */
Lesson *sample_read(void);

/* The same with the first `what` of its text as `with`. */
Status sample_spoiled(const char *what, const char *with, Lesson **lesson);

/* A folder of the test's own, and a path in it. */
void folder_begin(void);
void folder_end(void);
const char *in_folder(const char *name);
void put(const char *path, const char *text);

#endif
