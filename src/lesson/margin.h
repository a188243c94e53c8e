/* How far a comparison in a check is from turning over: a threshold that the solution only just meets, or a
 * wrong attempt only just misses, will one day fail the learner and not the attempt.
 */
#ifndef LESSON_MARGIN_H
#define LESSON_MARGIN_H

#include "lesson/lesson.h"

enum { MARGINS_MOST = 4 };

/* One `left < right` of a check, outside of all brackets; == and != have no margin. */
typedef struct Margin {
    char *text;       /* the comparison */
    Expr *difference; /* left - right */
    double passing;   /* the nearest to the threshold of the attempts that pass; inf: none yet */
    double failing;   /* and of those that must fail this check */
} Margin;

typedef struct Margins {
    Margin all[MARGINS_MOST];
    int count;
} Margins;

/* Finds the comparisons of a predicate. Caller releases. */
void margins_find(const char *predicate, Margins *margins);
void margins_release(Margins *margins);

/* Takes an attempt: `passes`, or one that must fail this check. What is none or not finite says nothing. */
void margins_take(Margins *margins, const Snapshot *snapshot, bool passes);

/* Of the way from the nearest passing value to the nearest failing one, the part up to the threshold; none
 * where either lacks, or lies on the other side. */
Measure margin_share(const Margin *margin);

#endif
