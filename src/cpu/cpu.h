/* The CPU backend: the reference, exact about rounding. main hands `cpu_backend` to the registry.
 *
 * Every value is an array of floats that hold values of its format; each op writes its result in
 * fp32 and then rounds it in place, counting what that does. Bits do not depend on the number of
 * threads: work is split by size alone, and partial results are joined in order.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "program/backend.h"

extern const BackendClass cpu_backend;

#endif
