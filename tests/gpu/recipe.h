/* A small experiment written down: what it learns from, which network, which settings. */
#ifndef TESTS_GPU_RECIPE_H
#define TESTS_GPU_RECIPE_H

#include "amp/clip.h"
#include "amp/scaler.h"
#include "data/data.h"
#include "pair.h"

typedef enum Counting { COUNT_NOTHING, COUNT_WEIGHT_GRADS, COUNT_GRADS, COUNT_ALL } Counting;

typedef struct Recipe {
    const char *name;
    const char *data; /* "fashion", "moons"; for an autoencoder "fashion" with `size` */
    int64_t limit, size, context;
    const char *net, *act;
    const char *loss;  /* NULL: cross-entropy; "mse": the target is the input */
    const char *optim; /* NULL: adamw */
    double lr;         /* 0: the optimizer's own */
    int64_t batch;
    double slack; /* times which gradients may be off, where they cancel; 0: 1 */
    float weight; /* of the loss; 0: 1 */
    Format low;
    WeightRounding rounding;
    Format states; /* of the optimizer */
    Counting counting;
    ScalerSpec scaler;
    ClipSpec clip;
    int rounds;       /* micro-batches of a step; 0: 1 */
    bool low_weights; /* no masters, where `low` has 16 bits */
} Recipe;

extern const Recipe same_recipes[]; /* of the program `same`; ends in one without a name */

/* Loaded once and kept to the end; ends the program where it cannot be. */
const Dataset *recipe_data(const Recipe *recipe);
void recipe_data_free(void);

/* A whole training step. */
void recipe_program(const Recipe *recipe, Program *program);

/* Data, store with fresh weights and scalars, and plan; ends the program where a backend cannot. */
void recipe_start(const Recipe *recipe, const Program *program, Side *side);

/* Where the run stands, as far as the orders of its epochs go. */
typedef struct Course {
    int64_t position;
    int64_t loaded[2]; /* epochs whose order the device holds; -1: none */
    uint64_t seed;     /* of the orders */
} Course;

Course course_start(void);

/* Loads the orders that the next step touches, and counts it. */
void course_step(Course *course, const Recipe *recipe, Side *side);

/* Lasting values of a program (masters, states), and scalars. */
typedef struct State {
    float **values; /* of each value that lasts; NULL for the others */
    Scalars scalars;
} State;

void state_read(const Side *side, const Program *program, State *state); /* into an empty one */
void state_write(const State *state, const Program *program, Side *side);
void state_free(const Program *program, State *state);

/* Bits of every lasting value equal; a failed check names the first that is not. */
bool check_state(const Program *program, const State *a, const State *b, const char *what);

#endif
