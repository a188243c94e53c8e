/* Counts what held and what did not, for a test program of one thread. */
#ifndef TERMINAL_EXPECT_H
#define TERMINAL_EXPECT_H

#include <stdbool.h>

/* `what` should hold; it is printed where it does not. */
void expect(bool holds, const char *what);

/* Prints "N passed, N failed"; the program's exit status. */
int expect_sum(void);

#endif
