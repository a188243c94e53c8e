/* What sweeps found, as tables of at most 80 columns and as CSV. */
#ifndef REPL_SWEEP_REPORT_H
#define REPL_SWEEP_REPORT_H

#include "base/text.h"
#include "telemetry/sweep.h"
#include "train/sweep.h"

/* Appends a row for each scale: a tensor beside the worst of all; and what to make of it. */
void sweep_table(const Sweep *sweep, int tensor, Text *text);

/* Appends a header, and a line for each scale and tensor. */
void sweep_csv(const Sweep *sweep, Text *text);

/* Appends a row for each format; or a line for each format and tensor, and for all of them together. */
void passes_table(const AutocastPass *passes, int count, float scale, Text *text);
void passes_csv(const AutocastPass *passes, int count, Text *text);

#endif
