/* What would be lost of numbers if they were multiplied by a loss scale and cast: for each format and
 * each power of two from 1 to 2^24, counted, not estimated.
 */
#ifndef REPL_SCALE_LOSSES_H
#define REPL_SCALE_LOSSES_H

#include "base/text.h"
#include "numerics/count.h"
#include "repl/format_list.h"

enum { LOSS_SCALES = 25 }; /* 2^0 to 2^24 */

typedef struct ScaleLosses {
    Format format;
    CastCounts
        counts[LOSS_SCALES]; /* what fp32 itself cannot hold once it is scaled counts as inf */
    int64_t infinite;        /* among the numbers themselves */
} ScaleLosses;

/* Adds the numbers of one tensor. */
void scale_losses_add(ScaleLosses *losses, const float *values, int64_t count);

/* Finite numbers that become inf (e4m3: nan) at this scale. */
int64_t scale_losses_overflow(const ScaleLosses *losses, int scale);

/* Appends a table in which scales that do the same share a line, or a line for each scale. */
void scale_losses_table(const ScaleLosses *losses, Text *text);
void scale_losses_csv_heads(Text *text);
void scale_losses_csv(const ScaleLosses *losses, Text *text);

#endif
