/* The lesson in the live view, beside the picture or above it.
 */
#ifndef REPL_TEACHER_PANEL_H
#define REPL_TEACHER_PANEL_H

#include "repl/teacher.h"
#include "view/canvas.h"

/* Where the lesson has its place in a picture of this size; the rest is the picture's. */
typedef struct LessonPlace {
    int rows, cols; /* of the lesson; 0: there is no room for it */
    bool beside;    /* at the right of the picture, else above it */
} LessonPlace;

LessonPlace lesson_place(const Teacher *teacher, int rows, int cols);

/* Title, what is to be done, and how far it is. */
void lesson_draw(const Teacher *teacher, Canvas *canvas);

#endif
