/* Casts written by others: the processor's F16C, NVIDIA's headers; else tests' own reference. */
#ifndef ORACLE_H
#define ORACLE_H

#include "../unit/numerics/reference.h"

typedef struct Case {
    const char *name;
    Format format;
    Overflow overflow;
} Case;

typedef struct Oracle {
    const char *name;
    void (*cast)(const Case *which, const float *in, uint32_t *patterns, int count);
} Oracle;

extern const Case cases[]; /* ends with a name of NULL */

/* The best oracle of this build and this processor. */
Oracle oracle_of(const Case *which);

bool oracle_is_nan(Format format, uint32_t pattern);

#endif
