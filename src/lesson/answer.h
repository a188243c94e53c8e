/* What a learner answers, as it is compared: letters and numbers, in whatever width they were typed. */
#ifndef LESSON_ANSWER_H
#define LESSON_ANSWER_H

#include "lesson/lesson.h"

/* Appends the text with full-width letters, digits and marks as their ASCII twins: an input method for
 * Chinese makes those. */
void answer_fold(const char *text, Text *folded);

typedef enum Answer { ANSWER_NONE, ANSWER_WRONG, ANSWER_RIGHT } Answer;

/* Whether `typed` answers this step, and how: a letter of its choices, its number, also
 * rounded to three digits or more (2^19, 524288 and 5.24e5 are the same answer; 524289 is another), or its word. `choice`: the block of the
 * letter, where there are choices; else NULL. ANSWER_NONE: it is none. */
Answer answer_judge(const Step *step, const char *typed, const Block **choice);

/* The answer that is right, as it would be typed. */
const char *answer_right(const Step *step);

#endif
