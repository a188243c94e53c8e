/* The numbers of a tensor, looked at: what they are as a whole, and some of them to the bit. */
#ifndef REPL_INSPECTION_H
#define REPL_INSPECTION_H

#include "base/text.h"
#include "numerics/count.h"

/* Running statistics; all zeros while nothing was added. */
typedef struct Statistics {
    CastCounts counts;   /* by what `format` makes of them */
    double sum, squares; /* of the finite ones, in double, in order */
    float least, most;   /* of them */
    int64_t finite;
} Statistics;

void statistics_add(Statistics *statistics, Format format, const float *values, int64_t count);

/* Appends two lines. */
void statistics_print(const Statistics *statistics, Text *text);

/* Appends the heads of a table of values, and one line of it: its bits in the format, and where
 * `before` is not NULL the fp32 value before the cast and what the cast did to it. */
void value_heads(bool before, Text *text);
void value_print(int64_t index, Format format, float stored, const float *before, Text *text);
void value_csv_heads(Text *text);
void value_csv(int64_t index, Format format, float stored, const float *before, Text *text);

#endif
