#include "view/report.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 9999, REST = 25 /* milliseconds */ };

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

static size_t read_some(int fd, char *bytes, size_t room)
{
    ssize_t count;

    do
        count = read(fd, bytes, room);
    while (count < 0 && errno == EINTR);
    return count > 0 ? (size_t)count : 0;
}

/* An answer comes whole, or nearly so. */
static size_t read_rest(int fd, char *bytes, size_t count, size_t room)
{
    struct pollfd source = {.fd = fd, .events = POLLIN};

    while (count < room && report_is_cut(bytes, count) && poll(&source, 1, REST) > 0) {
        size_t more = read_some(fd, bytes + count, room - count);

        if (more == 0)
            break;
        count += more;
    }
    return count;
}

bool report_read(Asked *asked, int fd, char *bytes, size_t room, size_t *count)
{
    int col;

    *count = read_some(fd, bytes, room);
    if (*count == 0 || asked->row == 0)
        return *count > 0;
    *count = read_rest(fd, bytes, *count, room);
    col = report_take(bytes, count, asked->row);
    if (col > 0)
        *asked = (Asked){.wide = col != 2};
    return true;
}
