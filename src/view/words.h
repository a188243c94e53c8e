/* Numbers as panels show them: short, with units a learner reads at a glance. For exact values
 * there is base/number.h. Each writes into `text` and returns it.
 */
#ifndef VIEW_WORDS_H
#define VIEW_WORDS_H

#include "base/number.h"
#include "telemetry/snapshot.h"

/* 1,284 */
const char *words_count(int64_t count, char text[NUMBER_TEXT]);

/* A count of at most four characters for an axis: 10, 1k, 100k, 1M. */
const char *words_tick(int64_t count, char text[NUMBER_TEXT]);

/* 4.1%, 0.002%, <0.0001%, >99.9%; 0% and 100% only where it is exact; none where it is missing. */
const char *words_share(Measure share, char text[NUMBER_TEXT]);

/* Bytes in at most five characters: 640, 919k, 3.59M; k, M, G and T are powers of 1024. */
const char *words_bytes(int64_t bytes, char text[NUMBER_TEXT]);

/* As many digits as `width` (5 or more) characters hold, at most four: 0.4213, 1e+05, inf. */
const char *words_real(double value, int width, char text[NUMBER_TEXT]);

/* words_real, or none. */
const char *words_measure(Measure measure, char text[NUMBER_TEXT]);

/* A loss scale: 2^16; 1; 1000 where it is no power of two. */
const char *words_scale(float scale, char text[NUMBER_TEXT]);

#endif
