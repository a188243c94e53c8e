/* lesson check: proves that lessons are right. Each attempt that a lesson writes down is made, in the same
 * way in which a learner makes it, and judged by the same checks.
 *
 * What it demands (each fault says which): V1 the solution passes; V2 the bare setup does not; V3 no
 * beginning of the solution does; V4 wrong attempts fail the checks that they name, and every check is named
 * by one; V5 other solutions pass, and there is one; V6 settings may come in another order (lesson_order.h);
 * V7 the solution passes behind those of the steps before it, behind 30 other commands (lesson_mess.h) and
 * `restart`, and where the learner left in the midst of such and came back; V8 it passes where the step
 * before was skipped; V9 all of it with other seeds, thresholds with a margin; V10 a solution in its time;
 * V11 questions have one right answer, and it is right; V12 names exist, sources read at second hand are
 * listed; V13 a page fits; V14 files are well formed, translations fresh; V15 hints help and do not give all
 * away; V16 the course is whole; V17 the card for teachers runs; V21 nothing reaches out of the session, and
 * no clock is asked (lesson_reach.h). Where V21 finds a fault nothing is run, and V7 and V8 wait until there
 * is no other.
 */
#ifndef REPL_LESSON_CHECK_H
#define REPL_LESSON_CHECK_H

#include "repl/repl.h"

typedef struct CheckSpec {
    int seeds;
    const char *lang;  /* whose sidecars must be whole; NULL: none */
    const char *names; /* of lessons or files, blanks between; NULL: the whole course */
} CheckSpec;

/* Prints a line for each lesson, fault and warning. Fails: STATUS_USAGE: there were faults. */
Status lesson_check(Repl *repl, const CheckSpec *spec) MUST_CHECK;

#endif
