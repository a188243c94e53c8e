/* How far a learner is: one small text file, a line for each step.
 *
 *     # halfstep lessons 1
 *     lang zh
 *     at underflow-silent look
 *     step underflow-silent look done attempts=2 hints=1 solution=0 version=1
 *
 * It is written to a temporary and renamed, under a lock, after each change; what another session wrote
 * meanwhile stays, and of the same step the better verdict. Lines of lessons that are not here stay too.
 * A file that cannot be read is set aside beside it.
 *
 * Thread rule: one owner at a time.
 */
#ifndef LESSON_PROGRESS_H
#define LESSON_PROGRESS_H

#include "lesson/lesson.h"

typedef enum StepVerdict { VERDICT_OPEN, VERDICT_SKIPPED, VERDICT_DONE } StepVerdict;

extern const char *const verdict_names[]; /* NULL-ended */

typedef struct StepMark {
    char lesson[LESSON_ID], step[LESSON_ID];
    StepVerdict verdict;
    int attempts, hints, version;
    bool solution; /* it was asked for */
    bool changed;  /* by this session, since it was written */
} StepMark;

typedef struct Ledger {
    StepMark *marks;
    size_t count, room;
    char lang[LANG_TEXT];                    /* that was chosen; "": none */
    char lesson[LESSON_ID], step[LESSON_ID]; /* where the learner is; "": in none */
    bool placed, spoken;       /* `lesson` and `step`, or `lang`, were changed by this session */
    char forgotten[LESSON_ID]; /* a lesson whose marks are to go; "": none */
} Ledger;

/* Reads the file; where there is none, nothing is known. `trouble`: appends a sentence where a damaged
 * one was set aside; what could be read of it is kept. Fails: STATUS_IO: no place for it. */
Status ledger_open(const char *path, Ledger *ledger, Text *trouble) MUST_CHECK;
void ledger_release(Ledger *ledger);

/* Writes what this session changed into the file, and takes in what others did. Fails: STATUS_IO. */
Status ledger_write(const char *path, Ledger *ledger) MUST_CHECK;

/* The mark of a step, made where there is none. Borrowed until the next one is made. */
StepMark *ledger_mark(Ledger *ledger, const char *lesson, const char *step);

/* The same, NULL where there is none. */
const StepMark *ledger_find(const Ledger *ledger, const char *lesson, const char *step);

void ledger_place(Ledger *ledger, const char *lesson, const char *step);
void ledger_forget(Ledger *ledger, const char *lesson);

#endif
