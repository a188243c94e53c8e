#include "view/bins.h"

#include <math.h>

/* Room below the smallest value that is not lost: how far down a gradient's tail is drawn. */
enum { ROOM_BELOW = 16 };

Bins bins_fit(Format format, int columns)
{
    const FormatInfo *info = &format_table[format];
    int low = info->least_exponent - ROOM_BELOW;

    if (low < EXPONENT_LEAST)
        low = EXPONENT_LEAST;
    return bins_between(
        low, info->max_exponent < EXPONENT_MOST ? info->max_exponent + 1 : EXPONENT_MOST, columns);
}

Bins bins_between(int low, int high, int columns)
{
    Bins bins = {.low = low, .high = high, .merge = 1, .wide = 1};
    int exponents = high - low + 1;

    while ((exponents + bins.merge - 1) / bins.merge > columns)
        bins.merge *= 2;
    if (bins.merge == 1)
        bins.wide = columns / exponents;
    bins.columns = (exponents + bins.merge - 1) / bins.merge * bins.wide;
    return bins;
}

void bins_exponents(const Bins *bins, int column, int *first, int *last)
{
    *first = bins->low + column / bins->wide * bins->merge;
    *last = *first + bins->merge - 1;
    if (*last > bins->high)
        *last = bins->high;
}

int bins_column(const Bins *bins, int exponent)
{
    if (exponent < bins->low || exponent > bins->high)
        return -1;
    return (exponent - bins->low) / bins->merge * bins->wide;
}

void bins_held(const Bins *bins, int column, int *first, int *last)
{
    bins_exponents(bins, column, first, last);
    if (*first == bins->low || *first < EXPONENT_LEAST)
        *first = EXPONENT_LEAST;
    if (*last == bins->high || *last > EXPONENT_MOST)
        *last = EXPONENT_MOST;
}

int64_t bins_count(const Bins *bins, const CastCounts *counts, int column)
{
    int first, last;
    int64_t sum = 0;

    bins_held(bins, column, &first, &last);
    for (int exponent = first; exponent <= last; exponent++)
        sum += counts->histogram[exponent - EXPONENT_LEAST];
    return sum;
}

static Zone zone_between(Format format, int first, int last)
{
    const FormatInfo *info = &format_table[format];

    if (last > info->max_exponent)
        return ZONE_OVERFLOW;
    /* From half the smallest subnormal up values round to it. */
    if (first < info->least_exponent - 1)
        return ZONE_UNDERFLOW;
    return first < info->min_exponent ? ZONE_SUBNORMAL : ZONE_NORMAL;
}

Zone bins_zone(const Bins *bins, Format format, int column)
{
    int first, last;

    bins_exponents(bins, column, &first, &last);
    return zone_between(format, first, last);
}

Zone bins_zone_held(const Bins *bins, Format format, const CastCounts *counts, int column)
{
    int first, last;

    bins_held(bins, column, &first, &last);
    while (first < last && counts->histogram[first - EXPONENT_LEAST] == 0)
        first++;
    while (first < last && counts->histogram[last - EXPONENT_LEAST] == 0)
        last--;
    return zone_between(format, first, last);
}

double bins_height(int64_t count, int64_t most)
{
    return most <= 0 ? 0.0 : log10(1.0 + (double)count) / log10(1.0 + (double)most);
}
