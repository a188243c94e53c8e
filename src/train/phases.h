/* A step of all runs taken phase by phase, and what each phase changed.
 *
 * Cast, forward, loss, backward, unscale, clip, step, update: each is computed when it is asked for,
 * and whoever looks meanwhile sees the values of now. The bits are those of a step taken whole. Until
 * the phase `step` nothing that lasts has changed, so the step can be dropped. What changes or needs
 * runs as they stand between two steps is refused meanwhile, but for training, which takes the rest of
 * this step first. A clip that comes before unscale, as a mistake, is within that phase.
 */
#ifndef TRAIN_PHASES_H
#define TRAIN_PHASES_H

#include "program/op.h"
#include "train/session.h"

/* What is told of a value; which of them depends on the phase. */
typedef enum PhaseNumber {
    PHASE_VALUES,    /* how many it has */
    PHASE_LEAST,     /* of its finite values, as stored: gradients are scaled */
    PHASE_MOST,      /* likewise */
    PHASE_UNDERFLOW, /* values not 0 that the store made 0; none where it is not counted */
    PHASE_SUBNORMAL,
    PHASE_OVERFLOW,  /* finite values that the store made infinite; none where it is not counted */
    PHASE_NONFINITE, /* inf and nan, as stored */
    PHASE_BEFORE, /* of a gradient its norm, as stored (clip: unscaled); update: what stood there */
    PHASE_AFTER,  /* unscale, clip: as what follows reads it; update: what stands there now */
    PHASE_HELD,   /* clip by value: magnitudes that were too large, and are what is allowed */
    PHASE_NORM,   /* step: of a weight, after it */
    PHASE_MOVED,  /* step: share of values whose bits changed */
    PHASE_CHANGE, /* step: norm of what was added */
    PHASE_CHANGE_MOST, /* step: largest magnitude that was added */
    PHASE_LOST, /* step: updates not 0 that changed no bit; none where they are not counted */
    PHASE_NUMBERS,
} PhaseNumber;

typedef struct PhaseRow {
    char name[TENSOR_NAME];
    Format format;
    Measure numbers[PHASE_NUMBERS];
} PhaseRow;

/* What clipping does to the gradients, in the phase it stands in. */
typedef struct PhaseClip {
    bool norm, value;     /* neither: there is none in this phase */
    bool scaled;          /* it comes before unscale, and is within that phase */
    double most;          /* of the norm of all, or of each magnitude */
    double before, after; /* norm of all gradients, as it finds and as it leaves them */
    float coef;           /* norm: what it multiplies them by */
    int64_t held;         /* value: how many were too large */
} PhaseClip;

typedef struct PhaseReport {
    const char *name;       /* of the phase */
    char passed[FACT_TEXT]; /* names of phases without an instruction before it; "" */
    const char *next;       /* the phase that comes next; NULL: the step is finished */
    int64_t step;           /* the one that is taken, from 1 */
    Phase phase;
    float scale, loss_weight;      /* as the step uses them */
    char found[TENSOR_NAME];       /* unscale: the first gradient with inf or nan; "" */
    bool checks;                   /* inf and nan are looked for: scaling is on */
    bool takes_all, leaves_scaled; /* the mistakes skip=off and unscale=off */
    bool running;                  /* running statistics moved */
    bool borne;                    /* update: an overflow was borne, so the scale holds */
    int rounds; /* micro-batches of a step; counts are of all, values of the last */
    PhaseClip clip;
    bool skipped; /* known from unscale on: no weight moves */
    PhaseRow *rows;
    int count;
} PhaseReport;

/* Runs the next phase that has instructions, in every run; the first begins a step. The report is of
 * the run in use. Caller releases it, also on failure. Fails: as session_start; STATUS_INTERRUPTED:
 * the step is dropped and left no trace; STATUS_DEVICE. */
Status session_phase(Session *session, PhaseReport *report) MUST_CHECK;
void phase_report_release(PhaseReport *report);

/* The step under way is forgotten; nothing has changed. Fails: STATUS_USAGE: there is none, or its
 * phase `step` has run. */
Status session_phase_drop(Session *session) MUST_CHECK;

/* A step is under way. */
bool session_in_step(const Session *session);

/* Comes to a step boundary: a step under way is dropped where it can be, and else finished. */
Status session_leave_step(Session *session) MUST_CHECK;

#endif
