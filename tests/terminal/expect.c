#include "expect.h"

#include <stdio.h>
#include <stdlib.h>

static int passed, failures;

void expect(bool holds, const char *what)
{
    if (holds) {
        passed++;
        return;
    }
    failures++;
    printf("failed: %s\n", what);
}

int expect_sum(void)
{
    printf("%d passed, %d failed\n", passed, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
