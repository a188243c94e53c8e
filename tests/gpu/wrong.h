/* The CPU backend with a fault, to see that each check can fail. */
#ifndef TESTS_GPU_WRONG_H
#define TESTS_GPU_WRONG_H

#include "program/backend.h"

/* X(constant, name, what is wrong) */
#define FAULTS(X) \
    X(BIT, "bit", "the last bit of one number that is read, now and then") \
    X(NOISE, "noise", "a number in a thousand that is read is 3% too large") \
    X(CLASS, "class", "one underflow is counted as a zero") \
    X(MASS, "mass", "mass and lost mass are off by 1e-9") \
    X(SKIP, "skip", "a skip is not told") \
    X(SCALE, "scale", "the scale grows one step early") \
    X(LOST, "lost", "one outcome in 1000 is lost") \
    X(LATE, "late", "scalars that are set hold one step later") \
    X(ORDER, "order", "a new order is not taken while steps were in flight") \
    X(UNSTEADY, "unsteady", "every plan adds a bit of its own to the first weight") \
    X(FUSED, "fused", "fused and plain steps differ in a bit") \
    X(PROBED, "probed", "counting changes a bit")

/* NULL: there is no such fault. */
const BackendClass *wrong_backend(const char *fault_name);

#endif
