/* What a format makes of one number, and the words and the picture for it.
 *
 * A number reaches a format as it does in PyTorch: it is rounded to fp32 first, and what fp32 holds is
 * cast. Errors are told against the number itself.
 */
#ifndef REPL_ROUNDING_H
#define REPL_ROUNDING_H

#include "base/text.h"
#include "numerics/count.h"

typedef struct Rounding {
    double value; /* what was to be held */
    double ulp;   /* at `value`; nan for nan */
    double ulps;  /* stored - value, in ulp; nan where one of them is not finite */
    float stored; /* what is held */
    Format format;
    uint32_t pattern; /* its bits, right-aligned */
    CastClass class;
} Rounding;

Rounding rounding_of(Format format, double value);

/* Of a pattern that somebody gave, which fits the format. */
Rounding rounding_of_pattern(Format format, uint32_t pattern);

/* Appends "exact", "up by 0.4 ulp", "underflow to 0". */
void rounding_words(const Rounding *rounding, Text *text);

/* Appends sign, exponent and mantissa with a blank between: "0 01111 0000000000". */
void rounding_bits(const Rounding *rounding, Text *text);

/* Appends "0x3C00". */
void rounding_hex(const Rounding *rounding, Text *text);

/* Appends four lines; three for nan, which lies between nothing. */
void rounding_draw(const Rounding *rounding, Text *text);

/* Appends the line of heads, or one line. */
void rounding_csv_heads(Text *text);
void rounding_csv(const Rounding *rounding, Text *text);

#endif
