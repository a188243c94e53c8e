/* The exponents of a histogram on the columns of a picture.
 *
 * A column stands for whole exponents, one or several of them, or an exponent takes several
 * columns: counts are merged, never resampled. The first and the last column also hold whatever
 * lies beyond the range, so that the columns always sum to the histogram.
 */
#ifndef VIEW_BINS_H
#define VIEW_BINS_H

#include "numerics/count.h"

typedef struct Bins {
    int low, high; /* exponents of the range, both included */
    int merge;     /* exponents that share a column: 1, 2, 4, ... */
    int wide;      /* columns that an exponent takes: 1 where merge > 1 */
    int columns;   /* in use, at most those asked for */
} Bins;

/* What the format does to a value of that size. */
typedef enum Zone { ZONE_UNDERFLOW, ZONE_SUBNORMAL, ZONE_NORMAL, ZONE_OVERFLOW } Zone;

/* The range of a format, with room on both sides, on `columns` (1 or more) columns. */
Bins bins_fit(Format format, int columns);

/* Any range, on `columns` (1 or more) columns. */
Bins bins_between(int low, int high, int columns);

/* The exponents of a column, both included. */
void bins_exponents(const Bins *bins, int column, int *first, int *last);

/* The same, and in the outermost columns all that lie beyond the range. */
void bins_held(const Bins *bins, int column, int *first, int *last);

/* The first column of an exponent; -1 where it is out of range. */
int bins_column(const Bins *bins, int exponent);

int64_t bins_count(const Bins *bins, const CastCounts *counts, int column);

/* The zone of a column; where it straddles an edge, the one that loses more. Values within one
 * rounding of an edge may fall on its other side; the classes of CastCounts are exact. */
Zone bins_zone(const Bins *bins, Format format, int column);

/* Of the values that a column holds, those beyond the range among them: the zone that loses most. */
Zone bins_zone_held(const Bins *bins, Format format, const CastCounts *counts, int column);

/* log10(1 + count) as a share of log10(1 + most). */
double bins_height(int64_t count, int64_t most);

#endif
