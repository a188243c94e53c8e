/* Where lessons are found: those that come with halfstep, in the order of course.idx, and a teacher's own
 * in $XDG_DATA_HOME/halfstep/lessons. A lesson NAME is the file NAME.lesson.
 *
 * A line of course.idx is a label and a name: "L5 underflow-silent".
 */
#ifndef LESSON_COURSE_H
#define LESSON_COURSE_H

#include "lesson/lesson.h"

enum { LABEL_TEXT = 8 };

typedef struct CourseLine {
    char label[LABEL_TEXT]; /* "" of a teacher's own */
    char id[LESSON_ID];
    char *path;
} CourseLine;

typedef struct Course {
    CourseLine *lines;
    size_t count, room;
    char *index; /* the path of course.idx */
} Course;

/* Caller releases, also on failure. Fails: STATUS_IO: no lessons are installed; STATUS_USAGE: a line of
 * course.idx that is none, a name twice, with file and line (V16). */
Status course_read(Course *course) MUST_CHECK;
void course_release(Course *course);

/* By label or name in either case, or by what begins only one name. -1: there is none, or several. */
int course_find(const Course *course, const char *word);

/* The name that `word` is most likely a slip of, NULL: none. */
const char *course_nearest(const Course *course, const char *word);

#endif
