/* Lines of at most a page's width. */
#ifndef REPL_WRAP_H
#define REPL_WRAP_H

#include "base/text.h"

enum { PAGE_WIDTH = 80 };

/* Appends `words` from the present column on, breaking at blanks and beginning each further line
 * at column `indent`; ends in a newline. */
void wrap(const char *words, size_t indent, Text *text);

/* Appends a row of a list: the name at column 2, its text at column `column`, wrapped. */
void wrap_row(const char *name, const char *words, size_t column, Text *text);

/* Appends `lines`, broken at blanks where they are wider than a terminal of so many columns. What a
 * line goes on with stands below its first word, or below the text behind the cells of a row. Words
 * that are too long alone, and pictures in colour, stay as they are. */
void wrap_lines(const char *lines, size_t columns, Text *text);

#endif
