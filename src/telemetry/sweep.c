#include "telemetry/sweep.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const sweep_grade_names[] = {"loses", "good", "overflows", NULL};

const double sweep_tolerance = 0.01;

static size_t scales_of(const Sweep *sweep)
{
    int scales = sweep->to - sweep->from + 1;

    return (size_t)scales;
}

void sweep_init(Sweep *sweep, int from, int to, int tensor_count)
{
    *sweep = (Sweep){.from = from, .to = to, .base = to + 1, .tensor_count = tensor_count};
    sweep->names = xcalloc((size_t)tensor_count + 1, sizeof *sweep->names);
    sweep->cells = xcalloc(scales_of(sweep) * (size_t)tensor_count + 1, sizeof *sweep->cells);
}

void sweep_release(Sweep *sweep)
{
    free(sweep->names);
    free(sweep->cells);
    *sweep = (Sweep){0};
}

void sweep_copy(Sweep *to, const Sweep *from)
{
    Sweep made;

    if (to->id == from->id)
        return;
    sweep_release(to);
    if (from->id == 0)
        return;
    sweep_init(&made, from->from, from->to, from->tensor_count);
    memcpy(made.names, from->names, (size_t)from->tensor_count * sizeof *made.names);
    memcpy(made.cells, from->cells,
           scales_of(from) * (size_t)from->tensor_count * sizeof *made.cells);
    *to = *from;
    to->names = made.names;
    to->cells = made.cells;
}

SweepCell *sweep_cell(const Sweep *sweep, int exponent, int tensor)
{
    return &sweep->cells[(exponent - sweep->from) * sweep->tensor_count + tensor];
}

int sweep_tensor(const Sweep *sweep, const char *name)
{
    for (int i = 0; i < sweep->tensor_count; i++)
        if (strcmp(sweep->names[i], name) == 0)
            return i;
    return -1;
}

void sweep_count(SweepCell *cell, const CastCounts *counts)
{
    cell->count = counts->count;
    cell->nonzero = cast_counts_nonzero(counts);
    cell->underflow = counts->classes[CAST_UNDERFLOW];
    cell->subnormal = counts->classes[CAST_SUBNORMAL];
    cell->overflow = counts->classes[CAST_OVERFLOW];
    cell->nonfinite = counts->classes[CAST_INF] + counts->classes[CAST_NAN];
    cell->mass = counts->mass;
    cell->lost_mass = counts->lost_mass;
}

void sweep_predict(SweepCell *cell, const CastCounts *counts, Format format, int shift)
{
    int zero_below = format_table[format].least_exponent - 1 - shift;
    double mass = 0.0, lost = 0.0;
    int64_t subnormal;

    for (int i = 0; i < EXPONENT_BINS; i++) {
        /* Within a power of two numbers lie 1.5 times above it on the average. */
        double part = (double)counts->histogram[i] * 1.5 * ldexp(1.0, EXPONENT_LEAST + i);

        mass += part;
        lost += EXPONENT_LEAST + i < zero_below ? part : 0.0;
    }
    cast_counts_predict(counts, format, shift, &cell->predicted_underflow, &subnormal,
                        &cell->predicted_overflow);
    cell->predicted = mass > 0.0;
    cell->predicted_lost = mass > 0.0 ? lost / mass : 0.0;
}

void sweep_finish(Sweep *sweep)
{
    for (int tensor = 0; tensor < sweep->tensor_count; tensor++) {
        bool any = false;

        for (int e = sweep->from; e <= sweep->to; e++)
            any = any || sweep_cell(sweep, e, tensor)->nonzero > 0;
        for (int e = sweep->from; e <= sweep->to; e++) {
            SweepCell *cell = sweep_cell(sweep, e, tensor);

            cell->starved = any && cell->nonzero == 0 && cell->nonfinite == 0;
        }
    }
}

double sweep_lost(const SweepCell *cell)
{
    if (cell->starved)
        return 1.0;
    return cell->mass > 0.0 ? cell->lost_mass / cell->mass : (double)NAN;
}

double sweep_over(const SweepCell *cell)
{
    return cell->count > 0 ? (double)(cell->overflow + cell->nonfinite) / (double)cell->count
                           : (double)NAN;
}

/* fmax passes over nan. */
double sweep_most_lost(const Sweep *sweep, int exponent)
{
    double most = (double)NAN;

    for (int i = 0; i < sweep->tensor_count; i++)
        most = fmax(most, sweep_lost(sweep_cell(sweep, exponent, i)));
    return most;
}

double sweep_most_over(const Sweep *sweep, int exponent)
{
    double most = (double)NAN;

    for (int i = 0; i < sweep->tensor_count; i++)
        most = fmax(most, sweep_over(sweep_cell(sweep, exponent, i)));
    return most;
}

int sweep_loser(const Sweep *sweep, int exponent)
{
    int loser = 0;
    double most = -1.0;

    for (int i = 0; i < sweep->tensor_count; i++) {
        double lost = sweep_lost(sweep_cell(sweep, exponent, i));

        if (lost > most) {
            most = lost;
            loser = i;
        }
    }
    return loser;
}

SweepGrade sweep_grade(const Sweep *sweep, int exponent)
{
    if (sweep_most_over(sweep, exponent) > 0.0)
        return SWEEP_OVERFLOWS;
    return sweep_most_lost(sweep, exponent) > sweep_tolerance ? SWEEP_LOSES : SWEEP_GOOD;
}

bool sweep_window(const Sweep *sweep, int *first, int *last)
{
    int longest = 0;

    for (int e = sweep->from, begun = e; e <= sweep->to; e++) {
        if (sweep_grade(sweep, e) != SWEEP_GOOD) {
            begun = e + 1;
        } else if (e - begun + 1 > longest) {
            longest = e - begun + 1;
            *first = begun;
            *last = e;
        }
    }
    return longest > 0;
}
