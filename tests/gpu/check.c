#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN = 60 };

static int passed, missed;
static bool stops;

void check_stops(void)
{
    stops = true;
}

bool check(bool holds, const char *fmt, ...)
{
    va_list args;

    passed += holds;
    missed += !holds;
    if (holds || missed > SHOWN)
        return holds;
    printf("failed: ");
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    if (stops)
        exit(check_end());
    return holds;
}

bool check_ok(Status status, const char *what)
{
    return check(!failed(status), "%s: %s", what, status.text);
}

void must(Status status, const char *what)
{
    if (!failed(status))
        return;
    check(false, "%s: %s", what, status.text);
    exit(check_end());
}

void note(const char *fmt, ...)
{
    va_list args;

    printf("# ");
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
}

int check_end(void)
{
    if (missed > SHOWN)
        printf("(%d more failed)\n", missed - SHOWN);
    printf("%d passed, %d failed\n", passed, missed);
    return missed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
