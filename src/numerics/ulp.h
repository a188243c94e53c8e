/* Where a value stands among its format's others: the two beside it, and how far apart they lie. */
#ifndef NUMERICS_ULP_H
#define NUMERICS_ULP_H

#include "numerics/format.h"

/* The least value of the format above `value`, and the largest below it; `value` must be one of the
 * format. Beyond the largest lies infinity, or nan where the format has none; nothing lies beyond
 * infinity and nan, which are given back. Both zeros count as one. */
float format_above(Format format, float value);
float format_below(Format format, float value);

/* The unit in the last place: how far apart the values of the format lie from |value| on, which need
 * not be one of them. Below the normal values, and for 0, the smallest subnormal; beyond the largest
 * value its own; nan for nan. */
double format_ulp(Format format, double value);

#endif
