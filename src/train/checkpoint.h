/* The whole state of a run as plain host data: what another experiment of the same settings, perhaps
 * on another backend, goes on from, bit for bit.
 *
 * Thread rule: taking and restoring are the worker's; the data itself is nobody's in particular.
 */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "train/experiment.h"

/* A lasting array of the run. */
typedef struct KeptArray {
    char name[VALUE_NAME];
    Format format;
    int rank;
    int64_t shape[VALUE_RANK];
    float *values; /* of that format */
    float *start;  /* a master as its run began; NULL: optimizer state, or as the seed makes it */
} KeptArray;

typedef struct Checkpoint {
    Settings settings;
    bool weights_only; /* optimizer, scaler, position and facts are to start anew */
    Scalars scalars;   /* the position among them */
    KeptArray *arrays;
    int array_count;
    CastCounts *counts; /* of the last step, by instruction; NULL: none are known */
    bool own_start;     /* the run did not begin as its seed has it */
    bool warned_loss, warned_scale;
    int64_t skips_in_a_row;
    Injections injections; /* that wait for the next step; no file has them */
    int64_t run;           /* which one of the session's; 0: none yet */
    Text characters; /* of the text that it learns from, as UTF-8; empty: none, or nobody knows */
    Snapshot facts;  /* without tensors */
} Checkpoint;

/* Copies everything; no step may be in flight. Caller frees. Fails: STATUS_DEVICE. */
Status checkpoint_take(const Experiment *experiment, Checkpoint **checkpoint) MUST_CHECK;
void checkpoint_free(Checkpoint *checkpoint);

/* Makes a fresh experiment of the checkpoint's settings go on where it was taken. Fails: STATUS_SHAPE:
 * the arrays are not those of the program, or the characters not those of the text, and nothing has changed;
 * STATUS_DEVICE. */
Status checkpoint_restore(const Checkpoint *checkpoint, Experiment *experiment) MUST_CHECK;

/* Lets go of what the seed makes again: the start, unless it is the run's own. */
void checkpoint_lighten(Checkpoint *checkpoint);

/* The weights alone, as the run began. */
void checkpoint_rewind(Checkpoint *checkpoint);

/* NULL where there is no array of this name. */
KeptArray *checkpoint_find(const Checkpoint *checkpoint, const char *name);

int64_t kept_count(const KeptArray *array); /* of numbers in it */

#endif
