/* What a phase of a step changed, as a table of at most 80 columns or as CSV. */
#ifndef REPL_PHASE_REPORT_H
#define REPL_PHASE_REPORT_H

#include "base/text.h"
#include "train/phases.h"

/* Appends a heading, a row for each value and a sentence. */
void phase_report_print(const PhaseReport *report, Text *text);

/* Appends a line for each number that is known of each value; of a clip, also for all gradients. */
void phase_report_csv_heads(Text *text);
void phase_report_csv(const PhaseReport *report, Text *text);

#endif
