/* Numbers in prose are never typed by hand: {EXPR} and {EXPR:%.3f} are filled from the state, and [key]
 * names a @source.
 *
 * A format is %[.N]f, %[.N]e or %[.N]g; with %% behind it, as in {moved("fc1.weight"):%.0f%%}, the number
 * is a share and shown in hundredths. Without a format it is written as people read it: 2^16.
 */
#ifndef LESSON_FILL_H
#define LESSON_FILL_H

#include "lesson/lesson.h"

/* Every {...} can be read, every [key] has its @source. Fails: STATUS_USAGE, with file and line. */
Status fill_check(const Lesson *lesson, const Block *block) MUST_CHECK;

/* Appends the text, filled from the snapshot; what cannot be known yet is shown as none. */
void fill_append(const char *text, const Snapshot *snapshot, Text *filled);

/* What must be measured before it is filled; adds to `needs`. */
void fill_needs(const char *text, ExprNeeds *needs);

/* The places to be filled and the keys, in order, a line each: a translation must have the same. */
void fill_list(const char *text, Text *list);

#endif
