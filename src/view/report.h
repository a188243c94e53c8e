/* Where a terminal says its cursor is, picked out of what is typed: how many columns it gave to what was
 * written before it was asked. East Asian terminals may give two to blocks and lines.
 */
#ifndef VIEW_REPORT_H
#define VIEW_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a block at the beginning of the second row, and asks. Where there is one row it is the first. */
#define REPORT_ASK "\033[2;1H\u2581\033[6n"

/* Takes the answer for that row out of the bytes; all else stays as it was typed. Returns the column, from
 * 1 on; 0: no answer is there. */
int report_take(char *bytes, size_t *count, int row);

/* Whether the bytes end within what may become an answer. */
bool report_is_cut(const char *bytes, size_t count);

/* A terminal that was asked. */
typedef struct Asked {
    int row;   /* where; 0: it was not, or has answered */
    bool wide; /* it does not draw blocks in one column */
} Asked;

/* What was typed, as it came: up to `room` bytes, without the answer, so perhaps none. False: the terminal
 * has closed. */
bool report_read(Asked *asked, int fd, char *bytes, size_t room, size_t *count);

#endif
