#include "view/report.h"

#include <string.h>

enum { LARGEST = 9999 };

/* A number; -1: there is none. */
static int number_at(const char *bytes, size_t count, size_t *at)
{
    int number = -1;

    for (; *at < count && bytes[*at] >= '0' && bytes[*at] <= '9' && number <= LARGEST; ++*at)
        number = (number < 0 ? 0 : number * 10) + (bytes[*at] - '0');
    return number;
}

static bool comes(const char *bytes, size_t count, size_t *at, char byte)
{
    bool there = *at < count && bytes[*at] == byte;

    *at += there;
    return there;
}

/* ESC [ row ; col R. Returns its bytes; 0: it is none. `*cut`: it may still become one. */
static size_t report_at(const char *bytes, size_t count, int *row, int *col, bool *cut)
{
    size_t at = 0;
    bool whole = comes(bytes, count, &at, '\033') && comes(bytes, count, &at, '[') &&
                 (*row = number_at(bytes, count, &at)) >= 0 && comes(bytes, count, &at, ';') &&
                 (*col = number_at(bytes, count, &at)) >= 0 && comes(bytes, count, &at, 'R');

    *cut = !whole && at == count;
    return whole ? at : 0;
}

int report_take(char *bytes, size_t *count, int row)
{
    for (size_t i = 0; i < *count; i++) {
        int at_row = 0, col = 0;
        bool cut;
        size_t length = report_at(bytes + i, *count - i, &at_row, &col, &cut);

        if (length == 0 || at_row != row || col == 0)
            continue;
        memmove(bytes + i, bytes + i + length, *count - i - length);
        *count -= length;
        return col;
    }
    return 0;
}

bool report_is_cut(const char *bytes, size_t count)
{
    bool cut = false;
    int row, col;

    for (size_t i = 0; i < count && !cut; i++)
        (void)report_at(bytes + i, count - i, &row, &col, &cut);
    return cut;
}
