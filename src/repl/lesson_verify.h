/* The parts of lesson check.
 */
#ifndef REPL_LESSON_VERIFY_H
#define REPL_LESSON_VERIFY_H

#include "lesson/margin.h"
#include "repl/lesson_check.h"
#include "repl/teacher.h"

typedef struct Verifier {
    Repl *repl;
    const CheckSpec *spec;
    Lesson *lesson;
    const Step *step;
    int seed; /* from 0 */
    int faults, warnings, attempts, second_hand;
    double seconds;               /* of all solutions of this lesson */
    double least_margin;          /* inf: none */
    Margins margins[CHECKS_MOST]; /* of the step */
} Verifier;

/* Prints FILE:LINE: V4: ... and counts it. */
void verify_fault(Verifier *verifier, int line, const char *which, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void verify_warning(Verifier *verifier, int line, const char *which, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* V1 to V6, V9, V10 of a step that is done. Fails: STATUS_INTERRUPTED. */
Status verify_step(Verifier *verifier) MUST_CHECK;

/* V11 of a question with a @setup: its @verify holds of what the setup leaves, on every seed; so a log
 * that is printed from a run is proved. Fails: STATUS_INTERRUPTED. */
Status verify_staged_question(Verifier *verifier) MUST_CHECK;

/* V7, V8 of all steps: each passes behind what a learner may have done before it. Fails: STATUS_INTERRUPTED,
 * STATUS_IO: there is no folder for a record. */
Status verify_learner(Verifier *verifier) MUST_CHECK;

/* V17. Fails: STATUS_INTERRUPTED. */
Status verify_card(Verifier *verifier) MUST_CHECK;

/* V21, before anything runs: commands keep within the session, and no clock is asked. True where they do. */
bool verify_reach(Verifier *verifier);

/* V11, V13, V15: what can be seen without running anything. */
void verify_text(Verifier *verifier);

/* As if halfstep had just been started: a fresh session, and no script's globals. Fails as session_stage. */
Status verify_fresh(Verifier *verifier) MUST_CHECK;

/* Runs the commands of a text, line by line, silently. Fails: as the first that does. */
Status verify_run(Verifier *verifier, const char *commands) MUST_CHECK;

#endif
