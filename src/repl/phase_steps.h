/* Taking the phases of a step and telling what each changed: what `step --phases` and `phase` share. */
#ifndef REPL_PHASE_STEPS_H
#define REPL_PHASE_STEPS_H

#include "repl/repl.h"

/* One phase, or with `all` those that are left of the step. Fails: as session_phase. */
Status phase_steps(Repl *repl, bool all, bool csv) MUST_CHECK;

#endif
