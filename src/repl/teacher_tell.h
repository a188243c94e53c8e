/* What a lesson says, in the language that was chosen.
 */
#ifndef REPL_TEACHER_TELL_H
#define REPL_TEACHER_TELL_H

#include "repl/teacher.h"

/* Prints `before` and, behind it, prose that is filled from the state; with the sources that it names, where
 * `sources`. Nothing where both are empty. */
void teacher_say(Repl *repl, const char *before, const char *prose, bool sources);

/* What was predicted before, now that it has been seen, and why it is so. */
void teacher_tell_prediction(Repl *repl);

/* How one goes on: to the next step, or to the next lesson. */
void teacher_tell_way_on(Repl *repl);

/* The first check that does not hold, and what help there is. */
void teacher_tell_not_yet(Repl *repl);

/* What the step still waits for. */
void teacher_tell_stay(Repl *repl);

#endif
