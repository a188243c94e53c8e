#include "repl/lesson_mess.h"

#include "base/random.h"
#include "lesson/lesson.h"

/* Nothing that takes long, asks a clock, or leaves the session. */
static const char *const lines[] = {
    "data moons",
    "data spirals",
    "data fashion size=14 gain=10",
    "net 2 16 2",
    "net 196 8 10",
    "net 2 8 8 2 act=tanh",
    "loss mse weight=0.01",
    "loss",
    "optim sgd lr=0.5",
    "optim adamw lr=0.01 states=bf16",
    "optim momentum lr=1",
    "lr 0.001",
    "batch 16",
    "accumulate 2",
    "seed 9",
    "reset",
    "undo",
    "undo; undo",
    "autocast bf16",
    "autocast fp16 force=softmax",
    "autocast fp8",
    "autocast off",
    "fp8 scaling delayed",
    "master off",
    "master off; round stochastic",
    "scale static 8",
    "scale dynamic 2^10 interval=5",
    "scale off",
    "clip norm 0.1",
    "clip value 1",
    "probe off",
    "fork b",
    "fork c autocast=bf16",
    "use b",
    "drop b",
    "runs",
    "all: train 2",
    "b: scale static 4",
    "train 5",
    "train 3; scale static 2; train 3",
    "train until step >= 20 or loss < 0.5",
    "step",
    "step 4",
    "mark here",
    "rewind 2",
    "rewind to here",
    "inject nan fc1.weight.grad",
    "show gradients",
    "show program",
    "print loss, scale, skipped",
    "print accuracy",
    "why",
    "bits 1e-8",
    "sum 1 0.001",
    "inspect fc1.weight 0",
    "sample",
    "lua x = 3",
    "lua math.k = 3",
    "lua for k = 1, 3 do command(\"train 1\") end",
    "help scale",
    "hint",
    "lesson",
    "tarin 5",
    "train -3",
    "train many",
    "net 2 0 2",
    "net",
    "data nowhere",
    "scale static banana",
    "scale static -1; train 5",
    "autocast fp7",
    "optim sgd lr=",
    "use nobody",
    "print lss",
    "lua command(\"tarin\")",
    "lua error(\"no\")",
    "bits x",
    "'",
    "answer z",
    "7",
};

enum { LINES = sizeof lines / sizeof lines[0] };

const char *mess_line(const char *lesson, uint32_t which, int n)
{
    const Random random = {prose_hash(lesson), RANDOM_SHUFFLE, which};
    int32_t order[LINES];

    random_permutation(&random, LINES, order);
    return lines[order[n % LINES]];
}
