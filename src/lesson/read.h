/* What the readers of lessons and of sidecars share: lines, directives, and how a mistake is said.
 */
#ifndef LESSON_READ_H
#define LESSON_READ_H

#include "base/text.h"

enum { WORD_LONGEST = 32 };

/* Goes through a text line by line. */
typedef struct Lines {
    const char *path; /* borrowed, as the text is */
    const char *at, *end;
    int number; /* of the line that was read last, from 1 */
    Text line;
} Lines;

/* A block as it stands there. All zeros: none. */
typedef struct RawBlock {
    char word[WORD_LONGEST]; /* behind the @; "": behind the last block */
    Text argument;           /* the rest of that line, without blanks at its ends */
    Text body;               /* the lines behind it; empty ones at the end are left out */
    int line;
    int *lines; /* of the file: where that word stands, and each line of the body */
    size_t line_count, room;
} RawBlock;

/* Refuses what no lesson may hold, with its line: a byte order mark, broken UTF-8, tabs, carriage
 * returns, control characters and those that turn the direction of writing. Fails: STATUS_IO. */
Status lines_begin(const char *path, const char *text, size_t length, Lines *lines) MUST_CHECK;
void lines_end(Lines *lines);

/* The next block; its word is "" behind the last. Fails: STATUS_USAGE: text before the first. */
Status lines_block(Lines *lines, RawBlock *block) MUST_CHECK;
void raw_block_release(RawBlock *block);

/* "FILE:LINE: ..." */
Status read_fault(const char *path, int line, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_CHECK;

/* The first word of `*text`, which moves behind it and the blanks there. Cut off where it is longer. */
void take_word(const char **text, char *word, size_t room);

/* a-z, 0-9 and -, at most 32. */
bool is_id(const char *word);

#endif
