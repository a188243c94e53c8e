/* Numbers as the learner writes and reads them: 65536, 1e-3, 2^16, 64k, 1%, inf, nan. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/status.h"

#include <stdint.h>

enum { NUMBER_TEXT = 32 };

/* `k`, `M` and `G` are powers of 1024 (64k = 65536), `%` is a hundredth, `a^b` a power.
 * Fails: STATUS_USAGE, naming the word. `*value` is untouched then. */
Status number_parse(const char *word, double *value) MUST_CHECK;

/* A whole number of at most 2^53. Fails: STATUS_USAGE. */
Status count_parse(const char *word, int64_t *value) MUST_CHECK;

/* The shortest decimal that reads back as exactly this double (a float passes through exactly);
 * "inf", "-inf" and "nan" by name. Returns `text`. */
const char *number_shortest(double value, char text[NUMBER_TEXT]);

/* The shortest decimal that reads back as exactly this float: 0.001f is "0.001". */
const char *float_shortest(float value, char text[NUMBER_TEXT]);

/* For people, as number_friendly; other numbers are the shortest that read back as this float. */
const char *float_friendly(float value, char text[NUMBER_TEXT]);

/* For people: 2^16 where the value is a power of two from 2^10 up or below 1, else the shortest. */
const char *number_friendly(double value, char text[NUMBER_TEXT]);

#endif
