/* What every gradient of one batch would lose at each power of two as loss scale: counted in real
 * backward passes, and beside it what the exponents of one of them predict. Plain data with an owner.
 */
#ifndef TELEMETRY_SWEEP_H
#define TELEMETRY_SWEEP_H

#include "numerics/count.h"
#include "telemetry/events.h"

enum { SWEEP_LEAST = -24, SWEEP_MOST = 100, SWEEP_LAST_USUAL = 24 }; /* exponents of scales */

/* A gradient at a scale. */
typedef struct SweepCell {
    int64_t count, nonzero, underflow, subnormal, overflow;
    int64_t nonfinite; /* inf and nan before its own cast: another one overflowed ahead of it */
    double mass, lost_mass;
    bool starved;          /* all zeros, as everything was lost ahead of it */
    bool predicted;        /* what follows is known */
    double predicted_lost; /* share of the mass */
    int64_t predicted_underflow, predicted_overflow;
} SweepCell;

typedef struct Sweep {
    int64_t id;   /* 0: nothing was swept; else no other has it */
    int64_t step; /* behind which it was taken: weights of then, batch of the next */
    Format format;
    int from, to; /* exponents, both included */
    int base; /* the scale whose exponents predict: the largest without inf or nan; `to` + 1: none */
    int tensor_count;
    char (*names)[TENSOR_NAME]; /* in the order of the backward pass */
    SweepCell *cells;           /* (scales, tensors) */
} Sweep;

typedef enum SweepGrade { SWEEP_LOSES, SWEEP_GOOD, SWEEP_OVERFLOWS } SweepGrade;

extern const char *const sweep_grade_names[];

/* A gradient may lose this share of its mass at a good scale. */
extern const double sweep_tolerance;

/* Room for so many scales and tensors, all zeros; nothing is there yet. */
void sweep_init(Sweep *sweep, int from, int to, int tensor_count);
void sweep_release(Sweep *sweep);

/* A deep copy, or nothing where `to` is the same one already. Whatever `to` held is released. */
void sweep_copy(Sweep *to, const Sweep *from);

SweepCell *sweep_cell(const Sweep *sweep, int exponent, int tensor);
int sweep_tensor(const Sweep *sweep, const char *name); /* -1: there is none */

/* What a backward pass counted. */
void sweep_count(SweepCell *cell, const CastCounts *counts);

/* What these counts predict for a scale 2^shift times theirs. */
void sweep_predict(SweepCell *cell, const CastCounts *counts, Format format, int shift);

/* Names who starves; due when all cells are counted. */
void sweep_finish(Sweep *sweep);

/* Share of the mass, 1 where it starves; share of all values that are inf or nan behind the cast. nan
 * where there is nothing. */
double sweep_lost(const SweepCell *cell);
double sweep_over(const SweepCell *cell);

/* The worst of all tensors; and which one loses most there, the first of equals. */
double sweep_most_lost(const Sweep *sweep, int exponent);
double sweep_most_over(const Sweep *sweep, int exponent);
int sweep_loser(const Sweep *sweep, int exponent);

/* Overflow anywhere makes a step be skipped; below that no gradient may lose more than is tolerated. */
SweepGrade sweep_grade(const Sweep *sweep, int exponent);

/* The longest row of good scales. False: there is none. */
bool sweep_window(const Sweep *sweep, int *first, int *last);

#endif
