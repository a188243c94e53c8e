/* What the files of the program `steps` share: one step on both backends from the same state. */
#ifndef TESTS_GPU_STEPS_H
#define TESTS_GPU_STEPS_H

#include "recipe.h"

enum { LABEL_TEXT = 128 };

/* How far a loss, or a gradient as a whole, may be from the CPU's. */
typedef struct Tolerance {
    double loss, grad;
} Tolerance;

extern const Tolerance step_tolerances[FORMAT_COUNT];

/* The worst that was seen, to be told at the end. */
typedef struct Worst {
    double loss, grad;
    int64_t skipped, unlike, unread, flipped;
} Worst;

typedef struct Run {
    Recipe recipe;
    Pair *pair;
    Program *program;
    int step_at; /* the first instruction of PHASE_STEP */
    StepOutcome cpu, gpu;
    State before, after; /* of the CPU before, of the device after */
    float **grads;       /* the device's, of each parameter; NULL: it keeps it in registers */
    double *off;         /* how far each is from the CPU's */
    Worst worst;
    char what[LABEL_TEXT];
} Run;

/* How many times as far gradients may be off. */
static inline double slack_of(const Recipe *recipe)
{
    return recipe->slack > 0.0 ? recipe->slack : 1.0;
}

/* |a - b| over the larger. */
double relative(double a, double b);

/* steps_grads.c: reads what the device has of each gradient (a whole step need not keep it); then,
 * last of all, judges. */
void read_grad(Run *run, int param, bool whole);
void judge_grads(Run *run);

/* steps_weights.c: what the optimizer made of them, where the device shows all gradients; and running
 * statistics, which the forward pass moved. */
void compare_weights(Run *run);
void compare_running(Run *run);
void forget_running(const Program *program, State *state); /* it has none then */

/* steps_counts.c: of one counted store. */
void compare_counts(Run *run, int instr);
void compare_partition(Run *run, int instr);

#endif
