#include "numbers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1 << 14, PATH = 256 };

FILE *numbers_open(const char *name)
{
    char path[PATH];
    FILE *file;

    snprintf(path, sizeof path, "tests/golden/%s", name);
    file = fopen(path, "r");
    cr_assert_not_null(file, "no %s; run the tests from the top of the repository", path);
    return file;
}

void numbers_read(FILE *file, const char *name, float *values, int count)
{
    static char line[LINE];
    size_t length = strlen(name);

    while (fgets(line, sizeof line, file) != NULL) {
        char *at = strchr(line, ':');

        if (strncmp(line, name, length) != 0 || line[length] != ' ' || at == NULL)
            continue;
        at++;
        for (int i = 0; i < count; i++)
            values[i] = strtof(at, &at);
        return;
    }
    cr_assert_fail("no row %s in the golden file", name);
}

void numbers_find(FILE *file, const char *name, float *values, int count)
{
    rewind(file);
    numbers_read(file, name, values, count);
}
