/* Whether a step is passed: a question about a snapshot, and nothing else.
 */
#ifndef LESSON_JUDGE_H
#define LESSON_JUDGE_H

#include "lesson/lesson.h"

typedef struct Verdict {
    bool passed;
    bool held[CHECKS_MOST]; /* by check */
    Status trouble
        [CHECKS_MOST]; /* why a check that does not hold could not be asked: a tensor is gone */
    int first;         /* the first check that does not hold; -1: all do */
    int holding;       /* how many do */
} Verdict;

/* What must be measured before a snapshot is judged: by the checks and the debriefs of a step. */
ExprNeeds judge_needs(const Step *step);

/* All checks hold. A step without checks is not passed by looking. */
Verdict judge(const Step *step, const Snapshot *snapshot);

#endif
