/* Files of named rows of hex floats under tests/golden: "name 6 10 : v v v ...". */
#ifndef TESTS_NUMBERS_H
#define TESTS_NUMBERS_H

#include <stdio.h>

/* Opens tests/golden/NAME; the test fails where it is missing. */
FILE *numbers_open(const char *name);

/* Fills `values` from the first row called `name` from here on; the test fails where there is none. */
void numbers_read(FILE *file, const char *name, float *values, int count);

/* The same, searching the whole file. */
void numbers_find(FILE *file, const char *name, float *values, int count);

#endif
