/* The same sum in a format, in an order: what it comes to, and what was lost on the way.
 *
 * Each number reaches the format through fp32, as in PyTorch. An addition is of two values of the
 * running sum's format, exact, and rounded to it once; what comes out is cast back at the end.
 */
#ifndef REPL_SUMMING_H
#define REPL_SUMMING_H

#include "numerics/format.h"

typedef enum SumOrder {
    SUM_FORWARD,
    SUM_REVERSE,
    SUM_PAIRWISE, /* halves, and halves of halves, down to single terms */
    SUM_SORTED,   /* from the smallest magnitude up */
    SUM_ORDERS,
} SumOrder;

extern const char *const sum_order_names[SUM_ORDERS + 1]; /* ends in NULL */

enum { SUM_TERMS = 1 << 25 }; /* the most */

typedef struct SumSpec {
    const double *values;
    int64_t count, repeat; /* the whole list so many times; count * repeat from 1 to SUM_TERMS */
    Format format;         /* of the terms and of the result */
    Format accumulate;     /* of the running sum */
    SumOrder order;
} SumSpec;

typedef struct SumFacts {
    double exact;         /* of the numbers given; rounded once, to a double */
    double exact_stored;  /* of what the format makes of them */
    double value;         /* what came out */
    double error;         /* value - exact, rounded once */
    double ulps;          /* the same in ulp of `exact`; nan where one of them is not finite */
    int64_t lost;         /* additions of something but zero that changed nothing */
    int64_t stalls_at;    /* the term from which on none changed anything; 0: none, or pairwise */
    int64_t nonfinite_at; /* the term that made it inf or nan; 0: none, or pairwise */
} SumFacts;

void sum_run(const SumSpec *spec, SumFacts *facts);

#endif
