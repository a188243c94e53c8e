#include "repl/simulate.h"

#include "base/number.h"

#include <stdlib.h>

/* A row of equal steps. */
typedef struct Row {
    bool found;
    int64_t length;
} Row;

static bool is_between(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* The digits behind a `*`; -1 where there are none or too many. */
static int64_t read_length(const char **at)
{
    int64_t length = 0;

    if (**at < '0' || **at > '9')
        return -1;
    while (**at >= '0' && **at <= '9') {
        length = length * 10 + (*(*at)++ - '0');
        if (length > SIMULATE_MOST)
            return -1;
    }
    return length;
}

static Status read_row(const char **at, Row *row)
{
    const char *start = *at;

    if (*start != '0' && *start != '1')
        return fail(STATUS_USAGE,
                    "a pattern is made of 0 and 1 (1: overflow found) and run lengths; "
                    "try 001 or 0*2000 1");
    *row = (Row){*start == '1', 1};
    (*at)++;
    if (**at != '*')
        return ok();
    (*at)++;
    row->length = read_length(at);
    if (row->length < 1)
        return fail(STATUS_USAGE, "behind * goes how often, from 1 to %d, as in 0*2000",
                    (int)SIMULATE_MOST);
    return ok();
}

static Status next_row(const char **at, Row *row)
{
    while (is_between(**at))
        (*at)++;
    *row = (Row){0};
    return **at == '\0' ? ok() : read_row(at, row);
}

static Status check_pattern(const char *pattern)
{
    int64_t total = 0;
    Row row;

    do {
        TRY(next_row(&pattern, &row));
        total += row.length;
        if (total > SIMULATE_MOST)
            return fail(STATUS_USAGE, "the pattern has more than %d steps; shorten it",
                        (int)SIMULATE_MOST);
    } while (row.length > 0);
    return total > 0 ? ok() : fail(STATUS_USAGE, "the pattern is empty; try 001 or 0*2000 1");
}

static void run_row(const Row *row, const ScalerSpec *spec, int64_t *step, Scaler *scaler,
                    Text *lines)
{
    char number[NUMBER_TEXT];

    for (int64_t i = 0; i < row->length; i++) {
        scaler_update(spec, row->found ? 1.0F : 0.0F, scaler);
        text_printf(lines, "%lld\t%d\t%s\t%d\t%d\n", (long long)++*step, row->found,
                    number_shortest((double)scaler->scale, number), (int)scaler->tracker,
                    !row->found);
    }
}

Status simulate(const char *pattern, const ScalerSpec *spec, Scaler *scaler, Text *lines)
{
    int64_t step = 0;
    Row row;

    TRY(check_pattern(pattern));
    do {
        TRY(next_row(&pattern, &row));
        run_row(&row, spec, &step, scaler, lines);
    } while (row.length > 0);
    return ok();
}
