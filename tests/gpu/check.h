/* Counting checks in programs that have no test library: they run on machines that have none. */
#ifndef TESTS_GPU_CHECK_H
#define TESTS_GPU_CHECK_H

#include "base/status.h"

/* Counts; prints the sentence where it does not hold (the first of many). Returns `holds`. */
bool check(bool holds, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same of a call. */
bool check_ok(Status status, const char *what);

/* From now on the first failure ends the program. */
void check_stops(void);

/* For what must not fail before anything can be checked: prints the reason and ends the program. */
void must(Status status, const char *what);

/* Says what was seen, as a comment. */
void note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Prints "N passed, N failed"; the exit status. */
int check_end(void);

#endif
