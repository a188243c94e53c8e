/* A session on the CPU over small synthetic data, for the tests of this folder. */
#ifndef TESTS_SESSION_RIG_H
#define TESTS_SESSION_RIG_H

#include "train/session.h"

extern Session *session; /* opened by open_small or open_with */
extern Snapshot now;     /* what look() saw last */

void open_with(int threads);
void open_small(void);
void open_without_data(void); /* as on a machine that lacks datasets/ */
void close_all(void);

/* The test fails where the status has. */
void must(Status status);
void apply(const Settings *wanted);

/* Takes one setting in words, as a saved file has it. */
void say_setting(const char *words);

/* sgd over weights that are kept in this format, and no loss scale. */
void begin_without_masters(Format format, WeightRounding rounding);

/* Takes so many steps and waits. */
void train(int64_t steps);

/* Measures `moved`, fills `now`. */
const Snapshot *look(void);

/* A fork that changes nothing. */
ForkSpec same(const char *name);
int64_t fork_run(const ForkSpec *spec);

/* b beside a, under another format and without a loss scale. */
void fork_bf16(void);

/* What is known of a run, without its tensors. */
Snapshot seen(int run);

/* To the last bit of the newest ones. */
void expect_same_losses(const Snapshot *a, const Snapshot *b);

/* Share of the weight's numbers that are not those of the start; -1: none. */
double moved(const char *name);

#endif
