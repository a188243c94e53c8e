/* How a mistake is shown: the line, a caret under the word, one sentence. */
#ifndef REPL_MISTAKE_H
#define REPL_MISTAKE_H

#include "base/text.h"
#include "repl/lexer.h"

/* The part of `mark` that the sentence quotes first ('like this'), where it stands in the line there,
 * or its first words do, two or more, and only once: 'conv 3 k=3' is what `conv 3` says. Else `mark`
 * as it is. */
Mark mistake_narrow(const char *line, Mark mark, const char *sentence);

/* Appends "  LINE\n    ^~~~\n", at most about a screen's width of it around the mark. What cannot
 * be shown in a column is shown as `?`; wide characters take two. */
void mistake_print(const char *line, Mark mark, Text *text);

#endif
