/* The scaler alone on a pattern of overflows: `scale simulate 001`. */
#ifndef REPL_SIMULATE_H
#define REPL_SIMULATE_H

#include "base/text.h"
#include "train/settings.h"

enum { SIMULATE_MOST = 1 << 20 }; /* steps */

/* Reads a pattern of 0 and 1 (1: overflow found), with run lengths (0*2000), blanks allowed, and
 * appends one line a step: step, found_inf, scale, tracker and stepped (1 or 0), tab-separated.
 * `scaler` is where it begins and, afterwards, ends. Nothing is appended on failure.
 * Fails: STATUS_USAGE: not such a pattern, or more than SIMULATE_MOST steps. */
Status simulate(const char *pattern, const ScalerSpec *spec, Scaler *scaler,
                Text *lines) MUST_CHECK;

#endif
